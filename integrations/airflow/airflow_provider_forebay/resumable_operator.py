"""Is what operators have in common that begin work at a server: Airflow keeps its id, so another try meets it again."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.sdk import BaseOperator, Context, ResumableJobMixin, conf

from airflow_provider_forebay.forebay_hook import ForebayHook

#: How what an earlier try began may stand; whatever else it is called has ended otherwise, and is begun anew.
ACTIVE, DONE = "active", "done"


class ForebayResumableOperator(ResumableJobMixin, BaseOperator):
    """Begins work once, and waits for it here or in the triggerer."""

    def __init__(
        self,
        *,
        forebay_conn_id: str = ForebayHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.forebay_conn_id = forebay_conn_id
        self.deferrable = deferrable

    @cached_property
    def hook(self) -> ForebayHook:
        """Gives the hook."""
        return ForebayHook(self.forebay_conn_id)

    def execute(self, context: Context) -> Any:
        """Does it all, or defers in between. Returns what came of it, in a few numbers."""
        return self.execute_resumable(context)

    def is_job_active(self, status: str) -> bool:
        """Tells whether it goes on by itself."""
        return status == ACTIVE

    def is_job_succeeded(self, status: str) -> bool:
        """Tells whether all of it was done."""
        return status == DONE
