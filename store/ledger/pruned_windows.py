"""Keeps which windows of an extract had run when their records were pruned: nobody runs them again by accident.

    extracts/<name>/pruned-<number>.json      spans of time; windows side by side are one of them

Written before the first record of such a window goes; read by whoever looks for windows that did not run. A window
that has a batch is what that says, whatever stands here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from forebay.config.stripe import IDEMPOTENCY_KEY_DAYS
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.versions import Versions

#: Nothing younger is pruned: so long Stripe replays a key instead of running its query, and Redis keeps what settled.
YOUNGEST_PRUNED = timedelta(days=IDEMPOTENCY_KEY_DAYS)


@dataclass(frozen=True, slots=True)
class PrunedSpans:
    """Spans of time in their order; no two of them touch."""

    spans: tuple[Span, ...] = ()

    def cover(self, start: datetime, end: datetime) -> bool:
        """Tells whether the window from `start` up to before `end` lies in them."""
        return any(span.start <= start and end <= span.end for span in self.spans)

    def __or__(self, other: "PrunedSpans") -> "PrunedSpans":
        return PrunedSpans(_merged([*self.spans, *other.spans]))


_PRUNED = Versions(TypeAdapter(PrunedSpans), lambda extract: f"extracts/{segment(extract)}/pruned")


class PrunedWindows:
    """The pruned windows of all extracts. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, extracts: Iterable[str]) -> PrunedSpans:
        """Reads the spans of an extract, which may have had other names."""
        all_of_them = PrunedSpans()
        for extract in extracts:
            last = _PRUNED.last(self._store, extract)
            all_of_them = all_of_them | last.record if last else all_of_them
        return all_of_them

    def add(self, extract: str, windows: Collection[Span]) -> None:
        """Keeps that these windows had run."""

        def added(last: PrunedSpans | None) -> PrunedSpans | None:
            known = last or PrunedSpans()
            every = known | PrunedSpans(tuple(windows))
            return None if every == known else every

        _PRUNED.change(self._store, added, extract)


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)
