"""Waits in the triggerer until a backfill is through, by a look each few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_forebay.forebay_hook import ForebayHook
from forebay_client import ForebayError


class ForebayBackfillTrigger(BaseTrigger):
    """Fires once it is through, or cannot be asked about; the task looks for itself what came of it."""

    def __init__(self, *, forebay_conn_id: str, deed: str, poll_interval_s: float, stop_on_kill: bool = False) -> None:
        """Takes the id of the deed that `Client.backfill` gave."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.forebay_conn_id = forebay_conn_id
        self.deed = deed
        self.poll_interval_s = poll_interval_s
        self.stop_on_kill = stop_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Gives what another triggerer makes it anew of."""
        words = ("forebay_conn_id", "deed", "poll_interval_s", "stop_on_kill")
        return f"{type(self).__module__}.{type(self).__qualname__}", {word: getattr(self, word) for word in words}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits, and fires. A server that is away is asked again."""
        async with await ForebayHook(self.forebay_conn_id).get_async_conn() as client:
            while True:
                try:
                    if not (await client.deed(self.deed)).going_on:
                        break
                except ForebayError as error:
                    if not error.another_try_may_help:
                        break
                await asyncio.sleep(self.poll_interval_s)
        yield TriggerEvent({"deed": self.deed})  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Has it submit nothing further if that was asked for: a person marked the deferred task, or cleared it."""
        if self.stop_on_kill:
            async with await ForebayHook(self.forebay_conn_id).get_async_conn() as client:
                await client.stop_backfill(self.deed, why="its task in Airflow was killed")
