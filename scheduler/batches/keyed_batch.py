"""Gives a batch that is to be submitted the key of its caller: its id and what is compared follow from it.

What is compared of queries is what they ask, whom, how and where it goes; of a definition its name and what was said
beside it, since its texts are the spec's, and a mended spec is no other request. Class, weight and ceiling can be
changed while a batch runs, and are not compared.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pydantic import SecretStr

from forebay.config.stripe import is_organization_key, mode_of
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.errors import InputError
from forebay.store.ledger.caller_key import MOST_KEY_LETTERS, CallerKey, batch_id_of
from forebay.store.ledger.records import Item


def with_key(
    new: NewBatch,
    key: str,
    *,
    queries: Sequence[Item] = (),
    definition: str = "",
    params: Mapping[str, str] = MappingProxyType({}),
) -> NewBatch:
    """Makes it the batch of this key: of these queries, or of a definition with these parameters.

    Raises `InputError`.
    """
    check_key(key)
    asked = {
        "queries": [[item.name, item.account, item.sql] for item in queries],
        "definition": definition,
        "params": dict(sorted(params.items())),
        "connection": new.connection.name,
        "output": new.terms.output,
        "format": new.terms.result_format,
    }
    content = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    terms = replace(new.terms, id=batch_id_of(key, definition), caller_key=CallerKey(text=key, content=content))
    return replace(new, terms=terms)


def check_key(key: str) -> None:
    """Raises `InputError` for what is no key."""
    if not key or key != key.strip() or not key.isprintable():
        raise InputError("a key is a line of text without blanks at its ends, such as daily-2026-11-27")
    if len(key) > MOST_KEY_LETTERS:
        raise InputError(f"a key has no more than {MOST_KEY_LETTERS} characters, and this one {len(key):,}")
    stripes = SecretStr(key)
    if mode_of(stripes) or is_organization_key(stripes):
        # It would be in the batch's id and record, and so in the ledger, in Redis, in logs and on the page.
        raise InputError(
            "this is a key of Stripe's, which names no batch: such names are kept and shown. Take one such as "
            "daily-2026-11-27; Stripe's own is read from STRIPE_API_KEY"
        )
