"""Says where the result of an item goes: first, and in the end.

The `download` step lands it where `first_stem` says; of a batch that is published as a whole, that is quarantine, and
its closing moves it to `place_stem`. Whoever looks for results asks here.

Batches' ids are letters, digits, `.`, `_` and `-`, and stand in a path as they are. Names of accounts and items are
free texts; how they stand there is kept with the batch, so what older releases landed is found where it is.
"""

from collections.abc import Callable, Mapping

from forebay.store.key_rules import plain_segment, segment
from forebay.store.ledger.records import Batch, Item, PathNames

#: No batch can have this name: ids begin with a letter or a digit.
QUARANTINE = "_quarantine"
#: How the names of a run's parts go on after that of the whole, and their places after its place: `fees.part-01`.
PART = ".part-"

_SEGMENTS: Mapping[PathNames, Callable[[str], str]] = {PathNames.PERCENT: segment, PathNames.PLAIN: plain_segment}


def object_stem(batch_id: str, account: str | None, name: str, names: PathNames = PathNames.PLAIN) -> str:
    """Makes `<batch>/<account>/<name>`, or `<batch>/<name>`: the place of a result, without a suffix.

    Different items get different stems, whatever characters their names are made of.
    """
    own = (name,) if account is None else (account, name)
    return batch_folder(batch_id) + "/".join(map(_SEGMENTS[names], own))


def place_stem(batch: Batch, item: Item) -> str:
    """Says where an item's result is to be found in the end, without a suffix."""
    return object_stem(batch.id, item.account, item.name, batch.path_names)


def first_stem(batch: Batch, item: Item) -> str:
    """Says where it lands: its place, or the place's double in quarantine."""
    stem = place_stem(batch, item)
    return quarantined(stem) if batch.policy and batch.policy.quarantined else stem


def stems(batch: Batch, item: Item) -> tuple[str, ...]:
    """Lists where its manifest may be, best first."""
    return tuple(dict.fromkeys((place_stem(batch, item), first_stem(batch, item))))


def whole_of(part: str) -> str:
    """Gives the name, or stem, of the whole that one like a part's belongs to; nothing of any other."""
    return part.rpartition(PART)[0]


def quarantined(place: str) -> str:
    """Gives the key in quarantine of what is to have this key, or stem, in the end."""
    return f"{QUARANTINE}/{place}"


def batch_folder(batch_id: str) -> str:
    """Says what all of a batch's places begin with."""
    return f"{segment(batch_id)}/"
