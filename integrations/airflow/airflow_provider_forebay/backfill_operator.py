"""Fills gaps of an extract as one task, however many windows that are: Forebay keeps slots full, Airflow waits once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_forebay.backfill_trigger import ForebayBackfillTrigger
from airflow_provider_forebay.resumable_operator import ACTIVE, DONE, ForebayResumableOperator
from airflow_provider_forebay.task_errors import told_to_airflow
from forebay_client import Client, Deed, ForebayError, NotFound


class ForebayBackfillOperator(ForebayResumableOperator):
    """Has a server fill gaps, waits until it is through, and succeeds when all are filled, or there were none."""

    external_id_key = "forebay_backfill_deed"
    template_fields: Sequence[str] = ("extract", "start", "end", "forebay_conn_id")

    def __init__(
        self,
        *,
        extract: str,
        start: str | None = None,
        end: str | None = None,
        poll_interval: timedelta | float = 10.0,
        stop_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        """Takes the extract's name, and which gaps: from `start` to before `end` by its clock, or all.

        It looks each `poll_interval` (seconds). `stop_on_kill` has nothing further submitted when the task is killed;
        what was submitted goes on in any case.
        """
        super().__init__(**kwargs)
        self.extract = extract
        self.start = start
        self.end = end
        self.poll_interval_s = poll_interval.total_seconds() if isinstance(poll_interval, timedelta) else poll_interval
        self.stop_on_kill = stop_on_kill
        self.deed: str | None = None

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Goes on where the trigger fired."""
        return self._follow(event["deed"])

    def submit_job(self, context: Context) -> str:
        """Begins to fill what is a gap now, and not what an earlier try has filled. Gives nothing if there is none."""
        why = f"{self.dag_id}.{self.task_id} in Airflow"
        with told_to_airflow(), self.hook.get_conn() as client:
            outlook = client.preview_backfill(self.extract, start=self.start, end=self.end)
            self.log.info("%s. %s", outlook.title, ". ".join(outlook.sentences))
            return "" if outlook.nothing else client.backfill(self.extract, start=self.start, end=self.end, why=why).id

    def get_job_status(self, external_id: Any, context: Context) -> str:
        """Says how the backfill of an earlier try stands."""
        with told_to_airflow(), self.hook.get_conn() as client:
            try:
                deed = client.deed(external_id)
            except NotFound:
                return "pruned"
        if (deed.target, deed.facts["asked"]) != (self.extract, self._range()):
            return "of something else"
        if deed.going_on:
            return ACTIVE
        return DONE if deed.done else "not filled"

    # As of `ForebayWaitingOperator`: what this returns is returned where an earlier try is met.
    def poll_until_complete(self, external_id: Any, context: Context) -> Any:
        """Waits for its end, here or in the triggerer."""
        self.deed = external_id
        if self.deferrable and external_id:
            trigger = ForebayBackfillTrigger(
                forebay_conn_id=self.forebay_conn_id,
                deed=external_id,
                poll_interval_s=self.poll_interval_s,
                stop_on_kill=self.stop_on_kill,
            )
            self.defer(trigger=trigger, method_name="execute_complete")
        return self._follow(external_id)

    def get_job_result(self, external_id: Any, context: Context) -> dict[str, Any]:
        """Says what came of it."""
        return self._follow(external_id)

    def on_kill(self) -> None:
        """Has it submit nothing further if that was asked for."""
        if self.stop_on_kill and self.deed:
            with self.hook.get_conn() as client:
                client.stop_backfill(self.deed, why="its task in Airflow was killed")

    def _follow(self, deed_id: str) -> dict[str, Any]:
        if not deed_id:
            return {"filled": 0, "came": "there was no gap"}
        with told_to_airflow(), self.hook.get_conn() as client:
            while (deed := client.deed(deed_id)).going_on:
                time.sleep(self.poll_interval_s)
            if not deed.done:
                kind = AirflowException if _another_try_may_help(client, deed) else AirflowFailException
                raise kind(f"backfill of {self.extract}: {deed.came}; windows that failed: {_failed(deed)}")
        return {"filled": deed.facts["windows"]["filled"], "came": deed.came}

    def _range(self) -> dict[str, str]:
        return {word: text for word, text in (("from", self.start), ("to", self.end)) if text is not None}


def _failed(deed: Deed) -> Mapping[str, str]:
    """Lists the batches of windows that failed, by the windows' labels."""
    windows = deed.facts["windows"]["newest"]
    return {each["label"]: each["batch"] for each in windows if each["batch"] and each["state"] != "landed"}


def _another_try_may_help(client: Client, deed: Deed) -> bool:
    """Tells whether any window that failed may land if it is filled again."""
    for batch in _failed(deed).values():
        try:
            client.batch(batch).wait(0)
        except ForebayError as error:
            if error.another_try_may_help:
                return True
    return False
