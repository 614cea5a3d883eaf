"""Links a task to the page of its batch, from the moment at which it was submitted."""

from __future__ import annotations

import attrs
from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.types import TaskInstanceKey


@attrs.define()
class ForebayBatchLink(BaseOperatorLink):
    """The button of a task that leads there; Airflow keeps its address as an XCom."""

    @property
    def name(self) -> str:
        """Gives what the button says."""
        return "Forebay batch"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Gives the address, or nothing where the task submitted none; Airflow asks when it ends or defers."""
        return str(getattr(operator, "batch_page", None) or "")
