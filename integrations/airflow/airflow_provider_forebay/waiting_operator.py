"""Is what operators of one batch have in common: ask once, wait or defer, take up what failed, tell what landed.

Asking is idempotent, by a key or a window, so whatever ends a try, the next one meets the same batch. Airflow's
`ResumableJobMixin` keeps the batch's id beside, and says in its metrics how often a try met the batch of another.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException

from airflow_provider_forebay.batch_link import ForebayBatchLink
from airflow_provider_forebay.batch_trigger import ForebayBatchTrigger
from airflow_provider_forebay.landed_facts import landed_facts, tell_outlets
from airflow_provider_forebay.resumable_operator import ACTIVE, DONE, ForebayResumableOperator
from airflow_provider_forebay.task_errors import told_to_airflow
from forebay_client import BatchHandle, BatchStatus, Client, NotFound, StillRunning

#: What ended so lands no more, and nothing of it can be taken up: whoever tries the task again wants it asked anew.
_GIVEN_UP = frozenset({"canceled", "checks_failed"})


class ForebayWaitingOperator(ForebayResumableOperator):
    """Submits a batch once, and succeeds when all of it has landed."""

    external_id_key = "forebay_batch_id"
    operator_extra_links = (ForebayBatchLink(),)

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        timeout: timedelta | float | None = None,
        retry_failed: bool = True,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        """Takes how to wait; all else is Airflow's.

        `timeout` (seconds) ends the wait of one try, which cancels nothing: the next one goes on. `retry_failed` takes
        up what failed when a task is tried again. `cancel_on_kill` cancels the batch when the task is killed, which
        needs the role admin.
        """
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.timeout = timeout
        self.retry_failed = retry_failed
        self.cancel_on_kill = cancel_on_kill
        self.batch_id: str | None = None
        self.batch_page: str | None = None
        self._result: dict[str, Any] | None = None

    @abstractmethod
    def ask(self, client: Client, context: Context, after: BatchStatus | None) -> BatchHandle:
        """Submits it, or meets it where it was submitted before; anew, `after` a batch of this task that was given up.

        Raises the client's exceptions.
        """

    @abstractmethod
    def is_what_it_asks(self, client: Client, status: BatchStatus, context: Context) -> bool:
        """Tells whether a batch of an earlier try is the one that this asks for, after whatever was changed since."""

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Goes on where the trigger fired."""
        return self._finish(event["batch"], context, timeout_s=0, why_still_running=event.get("message"))

    def submit_job(self, context: Context) -> str:
        """Submits it once, and takes up what failed of it before."""
        with told_to_airflow(), self.hook.get_conn() as client:
            earlier = self._earlier(client, context)
            if earlier and earlier.state not in _GIVEN_UP:
                batch = client.batch(earlier.id)
            else:
                batch = self.ask(client, context, earlier)
            self._note(batch.id, context)
            for warning in batch.warnings:
                self.log.warning(warning)
            if not batch.created and self.retry_failed:
                for done in batch.take_up(why=f"{self.dag_id}.{self.task_id} was tried again in Airflow"):
                    self.log.info("Taken up: %s", done.came)
            return batch.id

    def get_job_status(self, external_id: Any, context: Context) -> str:
        """Says how the batch of an earlier try stands."""
        with told_to_airflow(), self.hook.get_conn() as client:
            status = self._earlier(client, context)
        return {None: ACTIVE, 0: DONE}.get(status.exit_code, status.state) if status else "pruned, or another"

    # Airflow returns what this returns where it met the batch of an earlier try, though it declares None.
    def poll_until_complete(self, external_id: Any, context: Context) -> Any:
        """Waits for its end, here or in the triggerer."""
        self._note(external_id, context)
        if not self.wait_for_completion:
            self._result = {"batch": external_id}
        elif self.deferrable and self._goes_on(external_id):
            timeout_s = self._timeout_s()
            trigger = ForebayBatchTrigger(
                forebay_conn_id=self.forebay_conn_id,
                batch_id=external_id,
                until_s=None if timeout_s is None else time.time() + timeout_s,
                cancel_on_kill=self.cancel_on_kill,
            )
            self.defer(trigger=trigger, method_name="execute_complete")
        else:
            self._result = self._finish(external_id, context, timeout_s=self._timeout_s())
        return self._result

    def get_job_result(self, external_id: Any, context: Context) -> Any:
        """Gives what `poll_until_complete` found, or looks where it had nothing to wait for."""
        return self._result or self._finish(external_id, context, timeout_s=0)

    def on_kill(self) -> None:
        """Cancels the batch if that was asked for; else it goes on, and the next try meets it."""
        if self.cancel_on_kill and self.batch_id:
            with self.hook.get_conn() as client:
                client.batch(self.batch_id).cancel(why="its task in Airflow was killed")

    def _finish(
        self, batch_id: str, context: Context, *, timeout_s: float | None, why_still_running: str | None = None
    ) -> dict[str, Any]:
        self._note(batch_id, context)
        with told_to_airflow(), self.hook.get_conn() as client:
            batch = client.batch(batch_id)
            try:
                status = batch.wait(timeout_s)
            except StillRunning as error:
                raise AirflowException(why_still_running or str(error)) from error
            if self.outlets:
                facts = landed_facts(status, self.batch_page or "", batch.results())
                tell_outlets(self.outlets, context, facts)
        return {
            "batch": batch_id,
            "runs": status.runs,
            "rows": status.records,
            "bytes": status.bytes,
            "output": status.output,
            "places": list(status.places),
        }

    def _earlier(self, client: Client, context: Context) -> BatchStatus | None:
        """Reads the batch that an earlier try has kept, if it still is what the task asks for."""
        store = context.get("task_state_store")
        batch_id = store.get(self.external_id_key) if store else None
        try:
            status = client.batch(str(batch_id)).status() if batch_id else None
        except NotFound:
            return None
        return status if status and self.is_what_it_asks(client, status, context) else None

    def _note(self, batch_id: str, context: Context) -> None:
        """Keeps which batch it is, and shows its page in Airflow while it goes on."""
        if self.batch_id == batch_id:
            return
        self.batch_id, self.batch_page = batch_id, self.hook.server.batch_page(batch_id)
        self.log.info("Batch %s: %s", batch_id, self.batch_page)
        context["ti"].xcom_push(key=ForebayBatchLink().xcom_key, value=self.batch_page)

    def _goes_on(self, batch_id: str) -> bool:
        with told_to_airflow(), self.hook.get_conn() as client:
            return client.batch(batch_id).status().exit_code is None

    def _timeout_s(self) -> float | None:
        return self.timeout.total_seconds() if isinstance(self.timeout, timedelta) else self.timeout
