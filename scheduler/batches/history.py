"""Reads what earlier batches of a definition came to, and says by it how many parts a window needs.

From closings and manifests alone. Read by whoever decides before anything is spent (`definitions/fan_out.py`,
`splitting/beforehand.py`), by whoever cuts what hit a wall (`splitting/splitter.py`), and by `forebay plan`.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain, islice
from math import ceil

from forebay.config.stripe import MAX_QUERY_S, MAX_RESULT_BYTES
from forebay.landing.errors import LandingError
from forebay.landing.manifest import Manifest
from forebay.scheduler.batches.budgets import taken
from forebay.scheduler.batches.landed import landed_parts_of, published
from forebay.scheduler.batches.landed_runs import wholes
from forebay.scheduler.costs.prices import Quantities
from forebay.store.errors import BadRecord, NotFound, StoreError
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, Item
from forebay.store.ledger.use_records import Use

log = logging.getLogger(__name__)

#: A window that came closer to a wall than this is cut before it runs: it grows, and hitting the wall costs a slot for
#: up to MAX_QUERY_S.
NEAR = 0.8
#: What a part is meant to come to. Rows are not spread evenly: one with twice the mean still fits.
GOOD = 0.5

#: How many landed batches tell enough, and how many are read to find them.
ENOUGH, MOST_READ = 3, 20
#: Of a larger batch not all manifests are read: it would take longer than what it is to decide.
MOST_MANIFESTS = 5_000
#: Batches of the last so many days are listed first, and older ones where these tell too little.
LATELY = timedelta(days=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBatches:
    """What the last landed batches of a definition came to."""

    batches: int
    """How many they are."""
    bytes: int
    """Of the largest query over all accounts: the sum where each was asked, or the organization's run itself."""
    seconds: float
    """Of the slowest query over all accounts, likewise."""
    run_s: float
    """The mean duration of one run."""
    run_rows: float | None = None
    """The mean count of its records."""
    run_bytes: float | None = None
    """The mean size of the file that Stripe delivered."""

    def quantities(self, runs: int) -> Quantities:
        """Says what a price may go by of so many runs, if they come to what these did."""
        rows, size = (None if mean is None else round(runs * mean) for mean in (self.run_rows, self.run_bytes))
        return Quantities(runs=runs, seconds=Decimal(str(round(runs * self.run_s, 3))), rows=rows, bytes=size)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """What one run came to that landed. Of one that landed in parts, their sums."""

    window: Span
    bytes: int
    """Of the delivered file."""
    seconds: float
    """From its submission to its end."""


#: A run of any batch of a definition, by its account and name.
RunOf = tuple[str | None, str]
PastRuns = Mapping[RunOf, Sequence[PastRun]]


def parts_wanted(past: Iterable[PastRun], window: Span) -> int:
    """Says into how many parts a window goes; 1: whole. The past ones may be of other lengths."""
    load = max((_load(run, window) for run in past), default=0.0)
    return 1 if load <= NEAR else max(2, ceil(load / GOOD))


def _load(run: PastRun, window: Span) -> float:
    """Says how much of a wall this window would use if it were as dense: a result is as large as its window is long."""
    longer = (window.end - window.start) / (run.window.end - run.window.start)
    return longer * max(run.bytes / MAX_RESULT_BYTES, run.seconds / MAX_QUERY_S)


class History:
    """Reads the past of definitions. Contacts ledger and destinations only when asked."""

    def __init__(
        self,
        ledger: Ledger,
        open_store: Callable[[str], Store],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._open_store = open_store
        self._now = now

    def batches(self, definition: str) -> PastBatches | None:
        """Sums up its last batches; None if nothing of it has landed whole. Raises StoreError."""
        past = [came_to for batch in self._landed(definition) if (came_to := _summed(self._manifests(batch)))]
        if not past:
            return None
        return PastBatches(
            batches=len(past),
            bytes=max(one.bytes for one in past),
            seconds=max(one.seconds for one in past),
            run_s=_mean([one.run_s for one in past]) or 0.0,
            run_rows=_mean([one.run_rows for one in past]),
            run_bytes=_mean([one.run_bytes for one in past]),
        )

    def uses(self, definition: str, day: date) -> list[Use]:
        """Reads what was spent of a definition on a day that is not over. Raises StoreError."""
        return [use for _, uses in self._ledger.uses.days(day, day + timedelta(days=1), definition) for use in uses]

    def taken(self, names: Collection[str], day: date) -> int:
        """Counts what is taken of a definition's budget of a day. Raises StoreError."""
        return taken(self._ledger.spent, names, day)

    def runs(self, definition: str) -> PastRuns:
        """Reads what each run of its last batches came to that landed whole. What cannot be read tells nothing."""
        past: dict[RunOf, list[PastRun]] = defaultdict(list)
        with _unread_tells_nothing(definition):
            for batch in self._landed(definition):
                for run, came_to in self._runs_in(batch):
                    past[run].append(came_to)
        return past

    def before(self, batch: Batch, item: Item) -> list[PastRun]:
        """Reads what the item came to in the last windows before this batch's. What cannot be read tells nothing."""
        past: list[PastRun] = []
        with _unread_tells_nothing(batch.policy.definition if batch.policy else batch.id):
            for earlier in islice(self._ledger.earlier(batch.id), MOST_READ):
                came_to = _came_to(earlier, landed_parts_of(self._open_store(earlier.output), earlier, item))
                if came_to:
                    past.append(came_to)
                if len(past) == ENOUGH:
                    break
        return past

    def _runs_in(self, batch: Batch) -> Iterator[tuple[RunOf, PastRun]]:
        stored: dict[RunOf, list[Manifest]] = defaultdict(list)
        for manifest in self._manifests(batch):
            stored[manifest.account, manifest.name].append(manifest)  # parts have the name of their whole
        for run, manifests in stored.items():
            came_to = _came_to(batch, manifests)
            if came_to:
                yield run, came_to

    def _landed(self, definition: str) -> Iterable[Batch]:
        """Finds its newest batches that landed whole: ids of one definition sort by time."""
        until = self._now() + timedelta(days=1)  # clocks differ
        ids = (self._ledger.names.dated(f"{definition}{joint}", until, LATELY) for joint in (".", "-"))
        own = islice(self._own(definition, chain.from_iterable(ids)), MOST_READ)
        return islice(filter(self._is_landed, own), ENOUGH)

    def _own(self, definition: str, ids: Iterable[str]) -> Iterator[Batch]:
        for batch_id in ids:
            with suppress(NotFound, BadRecord):  # a batch that is being written; a record that tells nothing
                batch = self._ledger.batch(batch_id)
                if batch.policy and batch.policy.definition == definition:
                    yield batch

    def _is_landed(self, batch: Batch) -> bool:
        closing = self._ledger.closing(batch.id)
        return closing is not None and closing.outcome == "landed"

    def _manifests(self, batch: Batch) -> list[Manifest]:
        """Reads the manifests of all results of a batch; none of one that is too large."""
        return wholes(published(self._open_store(batch.output), batch, most=MOST_MANIFESTS))


@contextmanager
def _unread_tells_nothing(definition: str) -> Iterator[None]:
    """Goes on with what was read so far: a destination of long ago, say, is no reason to stop."""
    try:
        yield
    except (StoreError, LandingError) as error:
        log.warning("history of %s: %s", definition, error, extra={"event": "history_unread"})


def _came_to(batch: Batch, stored: Sequence[Manifest]) -> PastRun | None:
    """Sums up the results of one of its items, whole or all of its parts; None if there is nothing to tell."""
    if not stored or batch.policy is None or batch.policy.window is None:
        return None
    return PastRun(
        window=batch.policy.split.window if batch.policy.split else batch.policy.window,
        bytes=sum(manifest.delivered_bytes or manifest.object.bytes for manifest in stored),
        seconds=sum(_seconds(manifest) or 0.0 for manifest in stored),
    )


def _summed(manifests: list[Manifest]) -> PastBatches | None:
    """Sums over the accounts of each query; the largest and the slowest of them count."""
    sizes: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    timed = 0
    for manifest in manifests:
        sizes[manifest.name] += manifest.object.bytes
        took_s = _seconds(manifest)
        if took_s is not None:
            timed += 1
            seconds[manifest.name] += took_s
    if not timed:
        return None
    return PastBatches(
        batches=1,
        bytes=max(sizes.values()),
        seconds=max(seconds.values()),
        run_s=sum(seconds.values()) / timed,
        run_rows=_mean([manifest.csv.records for manifest in manifests]),
        run_bytes=_mean([manifest.delivered_bytes for manifest in manifests]),
    )


def _mean(numbers: Sequence[float | None]) -> float | None:
    """Averages those that are known, if any is."""
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None


def _seconds(manifest: Manifest) -> float | None:
    if manifest.submitted_at is None or manifest.ended_at is None:
        return None
    return max(0.0, (manifest.ended_at - manifest.submitted_at).total_seconds())
