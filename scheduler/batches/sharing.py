"""Lets items whose run was accepted before, by anybody, take that run's idempotency key: single flight.

Called while a batch of a definition with `cache` is accepted. Stripe itself makes one QueryRun of equal keys, so it
does not matter which of the runs is created first, or what crashes in between; each lands its own copy.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice

from forebay.config.stripe import Api
from forebay.governor.deployment.shared_runs import MOST_AGE, LaneQuery, SharedRuns
from forebay.governor.redis_client import Client
from forebay.scheduler.sql.catalog import Catalog
from forebay.scheduler.sql.data_times import data_state
from forebay.store.errors import BadRecord, NotFound
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Item

PAGE = 500

#: Lists of tables that accepting a batch asks for: each is a request, and somebody waits for it.
MOST_ASKED = 5

#: SQL that may answer differently when it is asked again, though nothing changed but the clock, chance or the asker:
#: what of Trino is not deterministic, with and without brackets. Columns such as `current_period_end` are none of it.
#: `data_load_time` is among them, since who asks for it wants to know how fresh the data is now.
#: `approx_*`, `arbitrary` and LIMIT without an order are not: a second answer is as right as the first, and no newer.
_CHANGING = re.compile(
    r"(?<!\w)(now|current_(date|time|timestamp|timezone|user|groups|role|catalog|schema|path)|localtime|localtimestamp"
    r"|(secure_)?rand(om)?|uuid|shuffle|noisy_\w+|tablesample|data_load_time)(?!\w)",
    re.IGNORECASE,
)

#: What Trino does not read as names: strings and comments. A name in double quotes is one, and `"now"()` asks the
#: clock; it is matched so that nothing in it begins a string or a comment. What is never closed is left as it is.
_SKIPPED = re.compile(r"""(?P<name>"(?:[^"]|"")*+")|'(?:[^']|'')*+'|--[^\r\n]*|/\*.*?\*/""", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a batch shares runs."""

    max_age: timedelta
    fresh: bool = False
    """With nobody before it, though later ones share with it."""
    until_data_moves: bool = False
    """Only with runs that saw the data as they are now, as far as `catalogs` or `seen` tell; if neither does, none."""
    accounts: tuple[str | None, ...] = ()
    """Of whose tables Stripe is asked: no more than `MOST_ASKED`."""
    catalogs: Mapping[str | None, Catalog] = field(default_factory=dict)
    """What was told of each account's tables when the batch was accepted."""
    seen: Mapping[str | None, datetime] = field(default_factory=dict)
    """Of other accounts, and where nobody was told: up to when data went that a run of the account has seen."""

    def dated(self, item: Item) -> Item:
        """Gives the item with the name of the data that it would see now, where that counts and is known.

        That is in its key, too: whoever shares what a submitter that died would have asked saw the data of then.
        """
        if not self.until_data_moves:
            return item
        state = self._data_state(item)
        return replace(item, data_state=state, nonce=item.nonce or state)

    def may_share(self, dated: Item) -> bool:
        """Says whether an item may share a run with another of the same text."""
        return may_be_shared(dated.sql) and (not self.until_data_moves or dated.data_state is not None)

    def _data_state(self, item: Item) -> str | None:
        if catalog := self.catalogs.get(item.account):
            return data_state(catalog, _tables_of(item.sql))
        seen = self.seen.get(item.account)
        return seen.isoformat() if seen else None


@lru_cache(maxsize=4)  # as `may_be_shared`
def _tables_of(sql: str) -> frozenset[str] | None:
    # The grammar takes a moment to load, and only who goes by data times needs it.
    from forebay.scheduler.sql.trino.judge import tables_of

    return tables_of(sql)


@lru_cache(maxsize=4)  # of one text for many accounts, and its tie-out, it is asked again and again
def may_be_shared(sql: str) -> bool:
    """Says whether SQL gives the same result until the data changes, as far as a regular expression can tell."""
    code = _SKIPPED.sub(lambda match: match["name"] or " ", sql)
    return _CHANGING.search(code) is None


def query_of(lane: str, item: Item, api: Api) -> LaneQuery:
    """Says what of an item makes it the same query as another one."""
    return LaneQuery(lane, item.account, item.sql, api, item.data_state)


def shared(
    client: Client, batch_id: str, pairs: Iterable[tuple[str, Item]], sharing: Sharing, api: Api
) -> Iterator[tuple[str, Item]]:
    """Yields the (lane, item) pairs of a batch in their order, each with the run that it shares, if there is one.

    `api` is the generation by which the batch asks; runs of another one are not shared.
    The same batch again gets the same answers. Raises `GovernorError`.
    """
    shared_runs, counted = SharedRuns(client), dict[str, int]()
    numbered = ((lane, _next(counted, lane), item) for lane, item in pairs)
    while page := list(islice(numbered, PAGE)):
        dated = [(lane, index, sharing.dated(item)) for lane, index, item in page]
        asking = [
            (query_of(lane, item, api), item.created_as(f"{batch_id}/{index}"))
            for lane, index, item in dated
            if sharing.may_share(item)
        ]
        runs = iter(shared_runs.share(asking, sharing.max_age, fresh=sharing.fresh))
        for lane, _, item in dated:
            run = next(runs) if sharing.may_share(item) else None
            yield lane, replace(item, share=run) if run else item


def count_shared(client: Client, pairs: Iterable[tuple[str, Item]], sharing: Sharing, api: Api) -> int:
    """Counts the items that would share a run if they were accepted now. Changes nothing. Raises `GovernorError`."""
    if sharing.fresh:
        return 0
    shared_runs, sharing_items, rest = SharedRuns(client), 0, iter(pairs)
    seen: set[str] = set()
    while page := list(islice(rest, PAGE)):
        dated = ((lane, sharing.dated(item)) for lane, item in page)
        queries = [query_of(lane, item, api) for lane, item in dated if sharing.may_share(item)]
        for query, shares in zip(queries, shared_runs.would_share(queries, sharing.max_age), strict=True):
            # The first of several that are alike within a batch is shared by the others.
            sharing_items += shares or query.key in seen
            seen.add(query.key)
    return sharing_items


def count_alike(ledger: Ledger, definition: str, pairs: Iterable[tuple[str, Item]], now: datetime) -> int:
    """Counts the items of a batch of the spec that would share a run, had their definition a `cache`.

    Those that ask what others of the batch ask, or what its last batch of the week asked. Raises StoreError.
    """
    last = next(ledger.names.dated(f"{definition}-", now, MOST_AGE), None)
    seen = set(_keys_of(ledger, last)) if last and _is_recent(ledger, last, now) else set[str]()
    alike = 0
    for lane, item in pairs:
        if may_be_shared(item.sql):
            key = LaneQuery(lane, item.account, item.sql).key
            alike += key in seen
            seen.add(key)
    return alike


def _is_recent(ledger: Ledger, batch_id: str, now: datetime) -> bool:
    try:
        return now - ledger.batch(batch_id).created_at < MOST_AGE
    except (NotFound, BadRecord):
        return False


def _keys_of(ledger: Ledger, batch_id: str) -> Iterator[str]:
    for flow in ledger.batch(batch_id).flows:
        for item in ledger.items(batch_id, flow.lane):
            if may_be_shared(item.sql):
                yield LaneQuery(flow.lane, item.account, item.sql).key


def _next(counted: dict[str, int], lane: str) -> int:
    """Counts on to the index that the ledger will give the lane's next item."""
    counted[lane] = counted.get(lane, -1) + 1
    return counted[lane]
