"""Waits in the triggerer for the end of a batch, by long polls: a request in 50 s, and no slot of a worker."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_forebay.forebay_hook import ForebayHook
from forebay_client import ForebayError


class ForebayBatchTrigger(BaseTrigger):
    """Fires once when the wait is over, for whatever reason; the task looks for itself how the batch stands then."""

    def __init__(
        self, *, forebay_conn_id: str, batch_id: str, until_s: float | None = None, cancel_on_kill: bool = False
    ) -> None:
        """Takes which batch, and until when (seconds since 1970), which outlives a restart of the triggerer."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.forebay_conn_id = forebay_conn_id
        self.batch_id = batch_id
        self.until_s = until_s
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Gives what another triggerer makes it anew of: no secret, and nothing of the batch but its id."""
        words = ("forebay_conn_id", "batch_id", "until_s", "cancel_on_kill")
        return f"{type(self).__module__}.{type(self).__qualname__}", {word: getattr(self, word) for word in words}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits, and fires."""
        left_s = None if self.until_s is None else max(0.0, self.until_s - time.time())
        message = None
        async with await ForebayHook(self.forebay_conn_id).get_async_conn() as client:
            try:
                await client.batch(self.batch_id).wait(left_s, check=False)
            except ForebayError as error:
                message = str(error)
        yield TriggerEvent({"batch": self.batch_id, "message": message})  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Cancels the batch if that was asked for: a person marked the deferred task as failed, or cleared it."""
        if self.cancel_on_kill:
            async with await ForebayHook(self.forebay_conn_id).get_async_conn() as client:
                await client.batch(self.batch_id).cancel(why="its task in Airflow was killed")
