"""Makes what Airflow hands to a task, as far as the provider reads it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from types import SimpleNamespace
from typing import Any


class Instance(SimpleNamespace):
    """A task instance, which keeps what is pushed."""

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.pushed[key] = value


def task_context(store: dict[str, Any] | None = None, **facts: Any) -> Any:
    """Makes one of the first try; `store` is what outlives a try."""
    ti = Instance(
        dag_id="stripe", task_id="charges", run_id="scheduled__2026-11-27", map_index=-1, stats_tags={}, pushed={}
    )
    kept = {} if store is None else store
    state_store = SimpleNamespace(get=kept.get, set=lambda key, value: kept.update({key: value}))
    return {
        "ti": ti,
        "task_state_store": state_store,
        "outlet_events": defaultdict(lambda: SimpleNamespace(extra={})),
        "dag_run": SimpleNamespace(run_after=datetime.fromisoformat("2026-11-27T06:15:00+00:00")),
        **facts,
    }
