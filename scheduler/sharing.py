"""Single flight: items whose run was accepted before, by anybody, take that run's idempotency key instead of a new one.

Called while a batch of a definition with `cache` is accepted. Stripe itself makes one QueryRun of equal keys, so it
does not matter which of the runs is created first, or what crashes in between; each lands its own copy.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import redis

from governor.keys import LaneKeys
from governor.scripts import translated
from store.records import Item

PAGE = 500

#: SQL that may answer differently when it is asked again, though nothing changed but the clock or chance. Looked for in
#: strings and comments too: a query that is not shared costs a run, one that should not have been costs trust.
#: `data_load_time` is among them, since who asks for it wants to know how fresh the data is now.
_CHANGING = re.compile(
    r"(?<!\w)(now|current_\w+|localtime|localtimestamp|(secure_)?rand(om)?|uuid|shuffle|tablesample|data_load_time)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a batch shares. `fresh`: with nobody before it, though later ones share with it."""

    max_age: timedelta
    fresh: bool = False


def may_be_shared(sql: str) -> bool:
    """Whether the same SQL gives the same result until the data changes, as far as a regular expression can tell."""
    return _CHANGING.search(sql) is None


def shared(
    client: redis.Redis, batch_id: str, pairs: Iterable[tuple[str, Item]], sharing: Sharing
) -> Iterator[tuple[str, Item]]:
    """The (lane, item) pairs of a batch in their order, each with the run that it shares, if there is one.

    The same batch again gets the same answers. Raises `GovernorError`.
    """
    counted: dict[str, int] = {}
    numbered = ((lane, _next(counted, lane), item) for lane, item in pairs)
    while page := list(islice(numbered, PAGE)):
        leaders = _leaders(client, batch_id, page, sharing)
        for (lane, index, item), leader in zip(page, leaders, strict=True):
            own = f"{batch_id}/{index}"
            yield lane, item if leader in (None, own) else replace(item, share=leader)


def count_shared(client: redis.Redis, pairs: Iterable[tuple[str, Item]]) -> int:
    """How many of the items would share a run if they were accepted now. Changes nothing. Raises `GovernorError`."""
    found, rest = 0, iter(pairs)
    try:
        while page := list(islice(rest, PAGE)):
            with client.pipeline(transaction=False) as pipe:
                for lane, item in page:
                    if may_be_shared(item.sql):
                        pipe.exists(LaneKeys(lane).share(_digest(item)))
                found += sum(pipe.execute())
    except redis.RedisError as error:
        raise translated(error) from error
    return found


def _leaders(
    client: redis.Redis, batch_id: str, page: list[tuple[str, int, Item]], sharing: Sharing
) -> list[str | None]:
    """For each item the run that came before it; None for one that is the first, or that may not share."""
    asked = [may_be_shared(item.sql) for _, _, item in page]
    max_age_ms = int(sharing.max_age / timedelta(milliseconds=1))
    try:
        with client.pipeline(transaction=False) as pipe:
            for (lane, index, item), ask in zip(page, asked, strict=True):
                if ask:
                    key = LaneKeys(lane).share(_digest(item))
                    run = f"{batch_id}/{index}"
                    if sharing.fresh:
                        pipe.set(key, run, px=max_age_ms)
                    else:
                        # One command for "take it, or say who has it": two batches at once cannot both lead.
                        pipe.set(key, run, px=max_age_ms, nx=True, get=True)
            answers = iter(pipe.execute())
    except redis.RedisError as error:
        raise translated(error) from error
    found = [next(answers) if ask else None for ask in asked]
    return [None] * len(found) if sharing.fresh else found


def _digest(item: Item) -> str:
    """Equal for equal queries. The lane is in the key's name; results are always asked for compressed."""
    digest = hashlib.sha256()
    for part in (item.account or "", item.sql):
        said = part.encode()
        digest.update(len(said).to_bytes(8, "big"))
        digest.update(said)
    return digest.hexdigest()[:40]


def _next(counted: dict[str, int], lane: str) -> int:
    """The index that the ledger will give the lane's next item."""
    counted[lane] = counted.get(lane, -1) + 1
    return counted[lane]
