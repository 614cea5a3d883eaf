"""Keeps a page live: a stream of Server-Sent Events a tab, with the parts and cells that have changed.

A tab closes its stream when it is hidden (`live.js`): a browser has six connections to a host, and the seventh page
would not load. All streams share each reading, so Redis does not learn how many look.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from forebay.web.api.readings import PackedStates
from forebay.web.page.grid_patches import patches

EVERY_S = 1.0
#: A comment so often keeps proxies from closing what is silent.
SILENT_S = 15.0
#: Then the browser opens another one, and is asked anew who it is.
LONGEST_S = 600.0
_AGAIN_MS = 2_000
#: Streams of one process at once, of the 500 connections that it takes: who opens more leaves others their pages.
MOST_STREAMS = 250


@dataclass(slots=True, kw_only=True)
class StreamEnds:
    """When streams of a process end, and how many there are."""

    monotonic_s: Callable[[], float]
    stopping: Callable[[], bool]
    """Whether the process was asked to end: it waits for none of them."""
    open_now: int = 0

    @property
    def full(self) -> bool:
        """Tells that there is no room for another one."""
        return self.open_now >= MOST_STREAMS


class _Counted(StreamingResponse):
    """A stream that counts while it is answered."""

    ends: StreamEnds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.ends.open_now += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.ends.open_now -= 1


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
            if self._parts.get(name) != html:
                told.append(_event("part", {"name": name, "html": html}))
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


def live_stream(parts: LiveParts, ends: StreamEnds) -> StreamingResponse:
    """Answers with a stream, which ends by itself after a while, or when the process does."""

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
            await asyncio.sleep(EVERY_S)

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = _Counted(events(), media_type="text/event-stream", headers=headers)
    stream.ends = ends
    return stream


def _event(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
