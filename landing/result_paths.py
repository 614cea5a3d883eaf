"""Says where the result of an item goes: first, and in the end.

The `download` step lands it where `first_stem` says; of a batch that is published as a whole, that is quarantine, and
its closing moves it to `place_stem`. Whoever looks for results asks here.

Where results go in the end says the batch's layout: segments of literal text, and of `{batch}`, `{account}` and
`{name}`. What stands before account and name is the batch's folder. A layout without `{batch}` has places that a window
keeps when it runs again: there the object's name tells whose landing it is (`version_of`), and the manifest, which has
the place for its name, which object counts (`landing/replacing.py`). Quarantine has a folder a batch, whatever the
layout.

Batches' ids are letters, digits, `.`, `_` and `-`, and stand in a path as they are. Names of accounts and items are
free texts; how they stand there is kept with the batch, so what older releases landed is found where it is.
"""

import hashlib
from collections.abc import Callable, Mapping
from itertools import takewhile

from forebay.store.key_rules import plain_segment, segment
from forebay.store.ledger.records import BY_BATCH, Batch, BatchTerms, Item, PathNames

#: No batch can have this name: ids begin with a letter or a digit.
QUARANTINE = "_quarantine"
#: Where results are that are only compared; readers skip what begins so, and no layout of the spec does.
SHADOW = "_shadow"
#: How the names of a run's parts go on after that of the whole, and their places after its place: `fees.part-01`.
PART = ".part-"

#: Enough that two landings at one place never meet.
_VERSION_LETTERS = 12

_SEGMENTS: Mapping[PathNames, Callable[[str], str]] = {PathNames.PERCENT: segment, PathNames.PLAIN: plain_segment}


def object_stem(batch_id: str, account: str | None, name: str, names: PathNames = PathNames.PLAIN) -> str:
    """Makes `<batch>/<account>/<name>`, or `<batch>/<name>`: a place by batch, without a suffix.

    Different items get different stems, whatever characters their names are made of.
    """
    return _filled(BY_BATCH, batch_id, account, name, names)


def place_stem(batch: Batch, item: Item) -> str:
    """Says where an item's result is to be found in the end, without a suffix."""
    return _filled(batch.layout, batch.id, item.account, item.name, batch.path_names)


def first_stem(batch: Batch, item: Item) -> str:
    """Says where it lands: its place, or the place's double in quarantine."""
    stem = place_stem(batch, item)
    return in_quarantine(batch, stem) if batch.policy and batch.policy.quarantined else stem


def stems(batch: Batch, item: Item) -> tuple[str, ...]:
    """Lists where its manifest may be, best first."""
    return tuple(dict.fromkeys((place_stem(batch, item), first_stem(batch, item))))


def whole_of(part: str) -> str:
    """Gives the name, or stem, of the whole that one like a part's belongs to; nothing of any other."""
    return part.rpartition(PART)[0]


def batch_folder(batch_id: str) -> str:
    """Says what the places of a batch begin with that has places by batch."""
    return f"{segment(batch_id)}/"


def folder_of(batch: BatchTerms) -> str:
    """Says what all of a batch's places begin with: the part of its layout before account and name."""
    before = takewhile(lambda part: "{account}" not in part and "{name}" not in part, batch.layout.split("/"))
    return "".join(f"{part}/" for part in before).replace("{batch}", segment(batch.id))


def quarantine_of(batch_id: str) -> str:
    """Says what all of a batch's places in quarantine begin with."""
    return f"{QUARANTINE}/{segment(batch_id)}/"


def in_quarantine(batch: BatchTerms, place: str) -> str:
    """Gives the key in quarantine of what is to have this key, or stem, in the end."""
    return quarantine_of(batch.id) + place.removeprefix(folder_of(batch))


def out_of_quarantine(batch: BatchTerms, key: str) -> str:
    """Gives the key, or stem, that something of this batch in quarantine is to have in the end."""
    return folder_of(batch) + key.removeprefix(quarantine_of(batch.id))


def is_in_quarantine(key: str) -> bool:
    """Tells whether a key, or a stem, is that of something in quarantine."""
    return key.startswith(f"{QUARANTINE}/")


def shadow_report_key(shadow: str) -> str:
    """Says where the report of a comparison is: beside the folders of its two batches."""
    return f"{SHADOW}/{segment(shadow)}.json"


def is_shadow_report(key: str) -> bool:
    """Tells the report of a comparison, which vouches for no result, from all else."""
    folder, _, name = key.rpartition("/")
    return folder.rpartition("/")[2] == SHADOW and name.endswith(".json")


def version_of(run: str, attempt: int, query_run: str) -> str:
    """Names a landing among those at one place: the same attempt is the same, however often it lands."""
    digest = hashlib.sha256(f"{run}\n{attempt}\n{query_run}".encode()).hexdigest()
    return digest[:_VERSION_LETTERS]


def object_base(stem: str, version: str | None) -> str:
    """Says how the key of an object begins that has this place; its suffix follows."""
    return f"{stem}.{version}" if version else stem


def _filled(layout: str, batch_id: str, account: str | None, name: str, names: PathNames) -> str:
    made = _SEGMENTS[names]
    parts = []
    for part in layout.split("/"):
        if "{account}" in part and account is None:
            continue  # the connection's own account, or its organization
        filled = part.replace("{batch}", segment(batch_id))
        # No value has a brace, so none is taken for a name.
        parts.append(filled.replace("{account}", made(account) if account else "").replace("{name}", made(name)))
    return "/".join(parts)
