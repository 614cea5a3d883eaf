"""Has windows of an extract landed: hands all of them in, takes up what failed before, waits, and reads the results.

A window is one batch by its name, whatever hands it in and however often, so an attempt that comes after another one
meets what that one made. Forebay holds the queue: all windows are handed in before any is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from forebay_client import (
    BatchHandle,
    BatchStatus,
    Client,
    ForebayError,
    InputRefused,
    LandedResult,
    Terms,
    WindowState,
)

#: The class of windows that are asked for by the range: what is due today goes first.
OF_A_RANGE = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWindow:
    """A window that somebody asks for: a partition, or the newest that is over."""

    partition: str | None = None
    bounds: dg.TimeWindow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedWindow:
    """How a window came out."""

    partition: str | None
    start: datetime
    end: datetime
    status: BatchStatus
    results: tuple[LandedResult, ...]
    """Empty unless it landed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Submitted:
    partition: str | None
    start: datetime
    end: datetime
    batch: BatchHandle


class WindowLanding:
    """Lands windows of one extract, for one step of a run of Dagster."""

    def __init__(
        self, client: Client, extract: str, *, why: str, timeout_s: float | None = None, again: bool = False
    ) -> None:
        """Lands windows that have landed, failed or were canceled once more, if `again`: each is a batch of its own."""
        self._client, self._extract, self._why = client, extract, why
        self._timeout_s, self._again = timeout_s, again

    def land(self, wanted: Sequence[WantedWindow]) -> Iterator[EndedWindow | ForebayError]:
        """Yields what came of each window, in their order: how it ended, or what went wrong with it.

        Waits for each so many seconds at most, if any were said. Neither a timeout nor an interrupt cancels anything.
        """
        submitted: list[_Submitted | ForebayError] = []
        for window in wanted:
            try:
                submitted.append(self._submit(window, OF_A_RANGE if len(wanted) > 1 else None))
            except ForebayError as error:
                submitted.append(error)
        for each in submitted:
            yield each if isinstance(each, ForebayError) else self._ended(each)

    def _submit(self, wanted: WantedWindow, flow_class: str | None) -> _Submitted:
        """Hands one window in, or meets what there is of it. Raises `ForebayError`."""
        window = self._window(wanted)
        terms: Terms = {}
        if window is not None:
            terms["window"] = window.start
        if flow_class:
            terms["flow_class"] = flow_class
        if self._again:
            terms["again"] = True
        batch = self._client.submit(self._extract, **terms)
        window = window or self._window_of(batch)
        if not batch.created:
            # Of a window that was repeated the newest batch counts, and the first is what a submission meets.
            batch = self._client.batch(window.batch or batch.id)
            batch.take_up(why=self._why)
        return _Submitted(partition=wanted.partition, start=window.start, end=window.end, batch=batch)

    def _window(self, wanted: WantedWindow) -> WindowState | None:
        """Looks how a partition's window stands. Raises `InputRefused` where the spec came to cut time otherwise."""
        if (bounds := wanted.bounds) is None:
            return None
        window = self._client.window(self._extract, bounds.start)
        if (window.start, window.end) != (bounds.start, bounds.end):
            raise InputRefused(
                f"partition {wanted.partition} of {self._extract} is no window of the spec any more, which has "
                f"{window.start.isoformat()} to {window.end.isoformat()} there",
                kind="input",
                way_out="load the definitions anew: dg utils refresh-defs-state",
            )
        return window

    def _window_of(self, batch: BatchHandle) -> WindowState:
        """Finds the window that was the newest when the batch was submitted."""
        first = batch.id.partition(".r")[0]
        for window in self._client.extract(self._extract).windows:
            if window.batch and window.batch.partition(".r")[0] == first:
                return window
        raise InputRefused(f"{batch.id} is of no window of {self._extract} that there is", kind="input")

    def _ended(self, submitted: _Submitted) -> EndedWindow | ForebayError:
        try:
            status = submitted.batch.wait(self._timeout_s)
            results = tuple(submitted.batch.results())
        except ForebayError as error:
            return error
        return EndedWindow(
            partition=submitted.partition,
            start=submitted.start,
            end=submitted.end,
            status=status,
            results=results,
        )
