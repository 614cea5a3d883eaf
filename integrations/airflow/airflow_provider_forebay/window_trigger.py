"""Waits in the triggerer for the end of a window: by long polls while its batch runs, by looks until it has one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_forebay.forebay_hook import ForebayHook
from forebay_client import AsyncClient, ForebayError, StillRunning, WindowState

#: A batch that ended is closed within seconds, and its window has landed then.
_CLOSING_S = 2.0


class ForebayWindowTrigger(BaseTrigger):
    """Fires once the window has ended, or cannot be asked about; the sensor looks for itself how it stands then."""

    def __init__(
        self, *, forebay_conn_id: str, extract: str, window: str, poke_interval_s: float, until_landed: bool = False
    ) -> None:
        """Takes which window; `until_landed` waits through a failure of it, which somebody may mend."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.forebay_conn_id = forebay_conn_id
        self.extract = extract
        self.window = window
        self.poke_interval_s = poke_interval_s
        self.until_landed = until_landed

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Gives what another triggerer makes it anew of."""
        words = ("forebay_conn_id", "extract", "window", "poke_interval_s", "until_landed")
        return f"{type(self).__module__}.{type(self).__qualname__}", {word: getattr(self, word) for word in words}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits, and fires. A server that is away is asked again; how long in all is for the sensor's time-out."""
        async with await ForebayHook(self.forebay_conn_id).get_async_conn() as client:
            while True:
                try:
                    window = await client.window(self.extract, self.window)
                    if self._is_over(window):
                        break
                    await self._rest(client, window)
                except ForebayError as error:
                    if not error.another_try_may_help:
                        break
                    await asyncio.sleep(self.poke_interval_s)
        yield TriggerEvent({"extract": self.extract, "window": self.window})  # type: ignore[no-untyped-call]

    def _is_over(self, window: WindowState) -> bool:
        return window.state == "landed" or (window.outcome is not None and not self.until_landed)

    async def _rest(self, client: AsyncClient, window: WindowState) -> None:
        if window.batch is None or window.outcome is not None:
            await asyncio.sleep(self.poke_interval_s)
            return
        try:
            await client.batch(window.batch).wait(self.poke_interval_s, check=False)
        except StillRunning:
            return
        await asyncio.sleep(min(_CLOSING_S, self.poke_interval_s))
