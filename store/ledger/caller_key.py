"""Says what a batch has of the key that its caller gave it, by which it is made once however often it is asked for.

The batch's id follows from the key, so two who submit at once, or one after a crash, meet in the ledger, which creates
a batch once. What was asked under the key stands in the record as a digest: who asks for something else is told so.
"""

import hashlib
import re
from dataclasses import dataclass

#: Keys that programs make of several names are long; their ids are not.
MOST_KEY_LETTERS = 250
_SLUG_LETTERS, _HASH_LETTERS = 40, 16
#: No dot, which parts windows, repeats and parts from the rest of an id.
_OTHER = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKey:
    """The key of a batch, and what was asked under it."""

    text: str
    content: str
    """A digest of what was asked, in hex."""


def batch_id_of(key: str, definition: str = "") -> str:
    """Makes the id of the batch that has this key: some of its letters, for people, and a hash of all of them.

    One of a definition begins with its name, as its other batches do.
    """
    slug = _OTHER.sub("-", key)[:_SLUG_LETTERS].strip("-") or "key"
    digest = hashlib.sha256(f"{definition}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{definition}-{slug}-k{digest[:_HASH_LETTERS]}".removeprefix("-")
