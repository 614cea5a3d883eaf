"""Waits for a window of an extract that lands by itself, for those who leave the schedule to Forebay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue, conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_provider_forebay.forebay_hook import ForebayHook
from airflow_provider_forebay.task_errors import told_to_airflow
from airflow_provider_forebay.window_of_run import window_of_run
from airflow_provider_forebay.window_trigger import ForebayWindowTrigger
from forebay_client import WindowState


class ForebayWindowSensor(BaseSensorOperator):
    """Succeeds once the window has landed, and returns its batch; `timeout` and `poke_interval` are Airflow's."""

    template_fields: Sequence[str] = ("extract", "window", "forebay_conn_id")

    def __init__(
        self,
        *,
        extract: str,
        window: str | None = None,
        forebay_conn_id: str = ForebayHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        fail_when_failed: bool = True,
        **kwargs: Any,
    ) -> None:
        """Takes the extract's name, and a date or a time in the window; else it is that of the run's data interval.

        `fail_when_failed=False` goes on with the wait where the window failed: somebody may retry or release it.
        """
        super().__init__(**kwargs)
        self.extract = extract
        self.window = window
        self.forebay_conn_id = forebay_conn_id
        self.deferrable = deferrable
        self.fail_when_failed = fail_when_failed

    @cached_property
    def hook(self) -> ForebayHook:
        """Gives the hook."""
        return ForebayHook(self.forebay_conn_id)

    def poke(self, context: Context) -> PokeReturnValue:
        """Looks once. Raises `AirflowFailException` where the window failed."""
        window = self._look(context)
        if window.state == "landed":
            return PokeReturnValue(is_done=True, xcom_value=window.batch)
        if window.outcome is not None and self.fail_when_failed:
            raise AirflowFailException(
                f"window {window.label} of {self.extract} ended as {window.outcome}, batch {window.batch}; "
                "whoever mends it may clear this task"
            )
        return PokeReturnValue(is_done=False)

    def execute(self, context: Context) -> Any:
        """Waits here, or defers until there is something to look at."""
        if not self.deferrable:
            return super().execute(context)
        try:
            returned = self.poke(context)
        except AirflowFailException as failed:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(failed)) from failed
            raise
        if not returned.is_done:
            trigger = ForebayWindowTrigger(
                forebay_conn_id=self.forebay_conn_id,
                extract=self.extract,
                window=self._look(context).label,
                poke_interval_s=self.poke_interval,
                until_landed=not self.fail_when_failed,
            )
            self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=self.timeout))
        return returned.xcom_value

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Looks how the window stands now, and waits on where somebody took it up again since."""
        return self.execute(context)

    def _look(self, context: Context) -> WindowState:
        with told_to_airflow(), self.hook.get_conn() as client:
            return (
                client.window(self.extract, self.window)
                if self.window
                else window_of_run(client, self.extract, context)
            )
