"""A ledger as years leave it: batches of any age and end, written as those write them that make them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import redis

from forebay.scheduler.pruning.pruner import Pruner
from forebay.scheduler.windows.calendar import Window, window_batch_id
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Policy, Span, Splitting
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.outcomes import Outcome
from forebay.store.ledger.records import BatchTerms, FailureRecord, Item
from tests.scheduler.closing.conftest import closing
from tests.store.memory import MemoryStore

DAY = timedelta(days=1)
LANE = "acme:live"


class OldLedger:
    """Writes batches of the past, and prunes them."""

    def __init__(self, client: redis.Redis, now: datetime, like: "OldLedger | None" = None) -> None:
        """Begins with nothing, or with all that another one has."""
        self.client, self.now, self.answers = client, now, "answers"
        self.results = MemoryStore(like and like.results.objects)
        self.probes = MemoryStore(like and like.probes.objects)
        self.use(MemoryStore(like and like.store.objects))

    def use(self, store: MemoryStore) -> None:
        """Works with this ledger from now on."""
        self.store, self.ledger, self.marks = store, Ledger(store), Marks(store)

    def open(self, url: str) -> Store:
        """Opens a destination."""
        return self.probes if url == self.answers else self.results

    def day(self, age: int) -> Window:
        """The window of a day that ended so many days ago."""
        end = self.now.replace(hour=0, minute=0, second=0, microsecond=0) - age * DAY
        return Window(end - DAY, end)

    def window(
        self,
        age: int,
        outcome: Outcome | None = "landed",
        *,
        extract: str = "fees",
        again: int = 0,
        in_quarantine: int | None = 0,
        publish: str = "per_item",
        ended: int | None = None,
        parts: int = 0,
    ) -> str:
        """A window that ended so many days ago, with how its batch ended; None: it did not."""
        window = self.day(age)
        span = Span(start=window.start, end=window.end)
        split = Splitting(
            on="created", min="1h", max_parts=24, timezone="UTC", start=span.start, end=span.end, texts={}, values={}
        )
        policy = Policy(
            definition=extract,
            kind="extract",
            spec_sha256="0",
            window=span,
            publish=publish,  # type: ignore[arg-type]
            split=split if parts else None,
        )
        batch_id = window_batch_id(extract, window, again)
        self._write(batch_id, window.end, policy)
        for number in range(2, 2 + parts):
            part = policy.model_copy(update={"part_of": f"{batch_id}/{LANE}/0", "split": None})
            self._write(f"{batch_id}.split-acme%3Alive-0-{number}", window.end, part)
        if outcome is None:
            return batch_id
        at = window.end if ended is None else self.now - ended * DAY
        ending = closing(at=at, outcome=outcome, in_quarantine=in_quarantine)
        self.ledger.record_closing(batch_id, ending, after=0)
        self.settle(batch_id)
        return batch_id

    def shadow(self, age: int) -> str:
        """A batch that was only compared, so many days ago."""
        window, at = self.day(age + 1), self.now - age * DAY
        span = Span(start=window.start, end=window.end)
        policy = Policy(definition="fees", kind="extract", spec_sha256="0", window=span, shadow=True)
        batch_id = f"shadow-fees.{at:%Y%m%dT%H%M}Z.0f0f0f0f.data"
        self._write(batch_id, at, policy)
        self.ledger.record_closing(batch_id, closing(at=at, outcome="landed"), after=0)
        self.settle(batch_id)
        return batch_id

    def hand(self, age: int, *, settled: bool = True) -> str:
        """A batch of queries by hand that was accepted so many days ago."""
        at = self.now - age * DAY
        batch_id = f"{at:%Y%m%d-%H%M%S}-abcde"
        self._write(batch_id, at, None)
        self.ledger.record_failure(batch_id, LANE, 1, _failure(at))
        if settled:
            self.settle(batch_id)
        return batch_id

    def question(self, age: int) -> str:
        """A question whether data are ready, with its answer."""
        at = self.now - age * DAY
        batch_id = f"data-ready.acme.{at:%Y%m%dT%H%MZ}"
        self._write(batch_id, at, None, self.answers)
        self.probes.put(f"{batch_id}/data_load_time.csv", b"loaded\n")
        self.settle(batch_id)
        return batch_id

    def settle(self, batch_id: str) -> None:
        """Takes the marks of a batch, and of its parts, away, as the reconciler does."""
        for folder, marks in self.ledger.open_marks.all(batch_id).items():
            self.ledger.open_marks.remove(folder, marks)

    def pruner(self, store: Store | None = None, client: redis.Redis | None = None) -> Pruner:
        ledger = Ledger(store or self.store)
        return Pruner(
            ledger,
            Marks(store or self.store),
            client or self.client,
            self.open,
            answers=self.answers,
            now=lambda: self.now,
        )

    def prune(self, days: int = 90, pruner: Pruner | None = None) -> None:
        pruner, before = pruner or self.pruner(), self.now - days * DAY
        pruner.prune(pruner.choose(before), before)

    def batches(self) -> set[str]:
        return set(Ledger(self.store).names.folders())

    def _write(self, batch_id: str, at: datetime, policy: Policy | None, output: str = "") -> None:
        terms = BatchTerms(id=batch_id, output=output or "out", source="a test", policy=policy)
        self.ledger.write_batch(terms, _items(), connection="default", created_at=at)


def _items() -> Iterable[tuple[str, Item]]:
    return [(LANE, Item(name=name, sql="SELECT 1", account=None)) for name in ("a", "b")]


def _failure(at: datetime) -> FailureRecord:
    return FailureRecord(
        attempt=0,
        error_class=FailureClass.SQL,
        code=None,
        message="no",
        query_run=None,
        request_id=None,
        at=at,
    )
