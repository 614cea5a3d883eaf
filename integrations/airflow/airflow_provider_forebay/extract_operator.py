"""Lands a window of an extract of the spec as a task. A window is one batch by its name, whoever asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from airflow_provider_forebay.waiting_operator import ForebayWaitingOperator
from airflow_provider_forebay.window_of_run import window_of_run
from forebay_client import BatchHandle, BatchStatus, Client, Terms


class ForebayExtractOperator(ForebayWaitingOperator):
    """Submits a window unless it is there, waits until all of it has landed, and returns where that is."""

    template_fields: Sequence[str] = ("extract", "window", "forebay_conn_id")

    def __init__(
        self, *, extract: str, window: str | None = None, flow_class: str | None = None, **kwargs: Any
    ) -> None:
        """Takes the extract's name, and a date or a time in the window; else it is that of the run's data interval."""
        super().__init__(**kwargs)
        self.extract = extract
        self.window = window
        self.flow_class = flow_class

    def ask(self, client: Client, context: Context, after: BatchStatus | None) -> BatchHandle:
        """Submits the window, or meets it: of one that somebody repeated, the batch that counts."""
        terms = Terms(window=self.window or window_of_run(client, self.extract, context).label)
        if self.flow_class is not None:
            terms["flow_class"] = self.flow_class
        if after:
            terms["again"] = True
        batch = client.submit(self.extract, **terms)
        counts = batch.id if batch.created else client.window(self.extract, terms["window"]).batch
        return batch if counts in (batch.id, None) else client.batch(str(counts))

    def is_what_it_asks(self, client: Client, status: BatchStatus, context: Context) -> bool:
        """Goes by the window, of which the newest batch counts."""
        window = (
            client.window(self.extract, self.window) if self.window else window_of_run(client, self.extract, context)
        )
        return window.batch == status.id
