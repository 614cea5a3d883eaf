"""Reads what has become of an extract's windows, from the ledger alone, for beat's rounds and `forebay extracts`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from forebay.config.standing import FlowClass
from forebay.scheduler.extracts.decisions import ExtractStatus, WindowStatus
from forebay.scheduler.windows.calendar import Window, parse_batch_id, window_name
from forebay.store.errors import BadRecord, NotFound
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch

#: Records are small and many: reading them is waiting.
READERS = 16
#: Closings of windows that landed, which nothing reopens.
MOST_REMEMBERED = 20_000


class StatusReader:
    """Reads the status of extracts. Remembers of a window only that it landed; one thread uses it."""

    def __init__(self, ledger: Ledger, marks: Marks) -> None:
        self._ledger, self._marks = ledger, marks
        self._landed: dict[str, Closing] = {}

    def read(self, extract: str, windows: Iterable[Window]) -> ExtractStatus:
        """Reads what has become of these windows, and since when any window of the extract runs. Raises StoreError."""
        watched = list(windows)
        # What is older is nobody's question, however much of it there is; but for what of it still runs.
        since = f"{min(watched).start:%Y%m%dT%H%M}" if watched else "9"
        names = self._marks.names(extract)
        last = self._last(names, lambda name: self._ledger.names.like(f"{name}.", f"{name}.{since}")) if watched else {}
        running = self._last(names, lambda name: self._ledger.open_marks.all(f"{name}."))
        skipped, late = set(self._marks.all(extract, "skipped", since)), set(self._marks.all(extract, "late", since))
        pruned = self._ledger.pruned.of(names)

        def of_window(window: Window) -> WindowStatus:
            name, batches = window_name(window), last.get(window) or running.get(window)
            bare = WindowStatus(
                window=window,
                skipped=name in skipped,
                told_late=name in late,
                pruned=pruned.cover(window.start, window.end),
            )
            return self._of_batches(bare, batches) if batches else bare

        others = [window for window in running if window not in set(watched)]
        with ThreadPoolExecutor(READERS, thread_name_prefix="statuses") as readers:
            statuses = list(readers.map(of_window, [*watched, *others]))
        return ExtractStatus(windows=statuses[: len(watched)], busy_since=min(_busy(statuses), default=None))

    def _last(self, names: Sequence[str], batch_ids: Callable[[str], Iterable[str]]) -> dict[Window, list[str]]:
        """Finds among the batches of these names those of each window, the last deliberate repeat of it first."""
        numbered: dict[Window, list[tuple[int, str]]] = {}
        for name in names:
            for batch_id in batch_ids(name):
                parsed = parse_batch_id(batch_id)
                if parsed and parsed[0] == name:
                    numbered.setdefault(parsed[1], []).append((parsed[2], batch_id))
        return {window: [batch_id for _, batch_id in sorted(of_it, reverse=True)] for window, of_it in numbered.items()}

    def _of_batches(self, bare: WindowStatus, batch_ids: list[str]) -> WindowStatus:
        """Reads the first that is whole: one may be in the writing, or be left of who died over that."""
        for batch_id in batch_ids:
            with suppress(NotFound):
                try:
                    return self._read(bare, batch_id)
                except BadRecord as error:
                    return replace(bare, batch=batch_id, unreadable=str(error))
        return bare

    def _read(self, bare: WindowStatus, batch_id: str) -> WindowStatus:
        batch = self._ledger.batch(batch_id)
        closing = self._closing(batch)
        return replace(
            bare,
            batch=batch.id,
            since=batch.created_at,
            backfill=batch.standing.flow_class is FlowClass.BACKFILL,
            outcome=closing.outcome if closing else None,
            closed_at=closing.at if closing else None,
        )

    def _closing(self, batch: Batch) -> Closing | None:
        closing = self._landed.get(batch.id) or self._ledger.closing(batch.id)
        if closing and closing.outcome == "landed":
            if len(self._landed) >= MOST_REMEMBERED:
                self._landed.clear()
            self._landed[batch.id] = closing
        return closing


def _busy(statuses: list[WindowStatus]) -> Iterator[datetime]:
    for status in statuses:
        if status.open and not status.backfill and status.since:
            yield status.since
