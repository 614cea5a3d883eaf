"""Says which window of an extract a run of a DAG is about, where the task does not.

It is the one in which the run's data interval begins. A run whose interval has no length, as of a cron schedule unless
it is set otherwise, is about the newest window that was over when the run was due, however late its task starts; and so
is one that an asset or a person began.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Context

from forebay_client import Client, WindowState

#: Windows are an hour long at least, and written by the minute.
_JUST_BEFORE = timedelta(minutes=1)


def window_of_run(client: Client, extract: str, context: Context) -> WindowState:
    """Asks the server, which knows the extract's calendar and clock. Raises the client's `NotFound`."""
    facts: Any = context
    start, end = facts.get("data_interval_start"), facts.get("data_interval_end")
    if start is not None and end is not None and start < end:
        return client.window(extract, start)
    due: datetime = end or context["dag_run"].run_after
    return client.window(extract, client.window(extract, due).start - _JUST_BEFORE)
