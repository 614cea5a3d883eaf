"""Keeps a page live: a stream of Server-Sent Events a tab, with the parts and cells that have changed.

A tab closes its stream when it is hidden (`live.js`): a browser has six connections to a host, and the seventh page
would not load. All streams share each reading, so Redis does not learn how many look.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from forebay.web.api.readings import PackedStates
from forebay.web.page.grid_patches import patches
from forebay.web.page.pieces import changed_pieces

EVERY_S = 1.0
#: What a page is sent a second: of many lanes that change all the time it is told less often.
MOST_BYTES_PER_S, SELDOM_S = 20_000, 15.0
#: A comment so often keeps proxies from closing what is silent.
SILENT_S = 15.0
#: Then the browser opens another one, and is asked anew who it is.
LONGEST_S = 600.0
_AGAIN_MS = 2_000
#: Streams of one process at once, of the 500 connections that it takes: who opens more leaves others their pages.
MOST_STREAMS = 250
#: Of one person, whose hidden tabs have none.
MOST_STREAMS_EACH = 40


@dataclass(slots=True, kw_only=True)
class StreamEnds:
    """When streams of a process end, and how many there are."""

    monotonic_s: Callable[[], float]
    stopping: Callable[[], bool]
    """Whether the process was asked to end: it waits for none of them."""
    open_now: Counter[Hashable] = field(default_factory=Counter)
    """By whose they are."""

    def full(self, who: Hashable) -> bool:
        """Tells that there is no room for another one of somebody."""
        return self.open_now.total() >= MOST_STREAMS or self.open_now[who] >= MOST_STREAMS_EACH


class _Counted(StreamingResponse):
    """A stream that counts while it is answered."""

    ends: StreamEnds
    who: Hashable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.ends.open_now[self.who] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.ends.open_now[self.who] -= 1
            self.ends.open_now += Counter()  # forgets who has none


@dataclass(slots=True, kw_only=True)
class LiveParts:
    """What one tab has of a page, and what is new to it."""

    render: Callable[[], dict[str, str]]
    """Reads and renders the parts, by their names."""
    states: Callable[[], PackedStates] | None = None
    _parts: dict[str, str] = field(default_factory=dict)
    _cells: bytes | None = None

    def changes(self) -> list[str]:
        """Gives the events that bring the tab up to date."""
        told = []
        rendered = self.render()
        for name, html in rendered.items():
            before = self._parts.get(name)
            if before == html:
                continue
            pieces = changed_pieces(before, html) if before is not None else None
            if pieces is None:
                told.append(_event("part", {"name": name, "html": html}))
            else:
                told += [_event("piece", {"name": piece, "html": inside}) for piece, inside in pieces.items()]
        self._parts = rendered
        if self.states:
            told += self._cell_changes(self.states().packed)
        return told

    def forget_parts(self) -> None:
        """Sends all parts again the next time: a tab that was told of trouble learns so that it is over."""
        self._parts = {}

    def _cell_changes(self, cells: bytes) -> list[str]:
        before, self._cells = self._cells, cells
        if before is None:
            # From here on it is told of all that changes, so what it asks for now is not older.
            return [_event("begun", {})]
        return [_event("cells", {"first": first, "hex": part.hex()}) for first, part in patches(before, cells)]


def live_stream(parts: LiveParts, ends: StreamEnds, who: Hashable = None) -> StreamingResponse:
    """Answers somebody with a stream, which ends by itself after a while, or when the process does."""

    async def events() -> AsyncIterator[str]:
        begun_s = told_s = ends.monotonic_s()
        yield f"retry: {_AGAIN_MS}\n\n"
        while ends.monotonic_s() - begun_s < LONGEST_S and not ends.stopping():
            try:
                told = await run_in_threadpool(parts.changes)
            except Exception:  # noqa: BLE001 - the page says what is wrong when it is loaded; the stream tries again
                told = [_event("trouble", {})]
                parts.forget_parts()
            if told:
                yield "".join(told)
                told_s = ends.monotonic_s()
            elif ends.monotonic_s() - told_s >= SILENT_S:
                yield ": still here\n\n"
                told_s = ends.monotonic_s()
            await asyncio.sleep(pause_s(sum(map(len, told))))

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = _Counted(events(), media_type="text/event-stream", headers=headers)
    stream.ends, stream.who = ends, who
    return stream


def pause_s(told_bytes: int) -> float:
    """Says how long nothing more is told after so much."""
    return max(EVERY_S, min(SELDOM_S, told_bytes / MOST_BYTES_PER_S))


def _event(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
