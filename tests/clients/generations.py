"""Names both generations of the API as Stripe's client does, so that one test holds each of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.clients.a4 import A4, Shown
from tests.sandbox.driver import Api, eventually


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation: its methods, its types, and what a create takes."""

    name: str
    methods: str
    type: str
    """The class that the client makes of a QueryRun."""
    family: str
    """Of its events, and what it calls its objects."""
    parameters: Callable[[str, bool], dict[str, Any]]
    """Those of a create of this SQL, compressed or not."""
    absent: Mapping[str, frozenset[str]]
    """Fields that are not shown, by the status of a run: none is missing by mistake."""

    def create(self, a4: A4, api: Api, sql: str = "SELECT 1", *more: Any, compress: bool = False, **how: Any) -> Shown:
        """Creates a run."""
        return a4.call(api.url, f"{self.methods}.create", self.parameters(sql, compress), *more, **how)

    def retrieve(self, a4: A4, api: Api, run_id: str) -> Shown:
        """Retrieves a run."""
        return a4.call(api.url, f"{self.methods}.retrieve", run_id)

    def ended(self, a4: A4, api: Api, sql: str = "SELECT 1", *more: Any, compress: bool = False) -> Shown:
        """Creates a run and waits for its end."""
        run_id = self.create(a4, api, sql, *more, compress=compress).fields["id"]

        def look() -> Shown | None:
            run = self.retrieve(a4, api, run_id)
            return run if run.fields["status"] != "running" else None

        found: Shown = eventually(look)
        return found


REPORTING = Generation(
    name="reporting",
    methods="v2.data.reporting.query_runs",
    type="stripe.v2.data.reporting._query_run.QueryRun",
    family="v2.data.reporting.query_run",
    parameters=lambda sql, compress: {"sql": sql, "result_options": {"compress_file": compress}},
    # Shown where `include` asks for it, which the public preview does not take (Stripe's spec).
    absent=dict.fromkeys(("running", "succeeded", "failed"), frozenset({"result.file.schema"})),
)
DATA = Generation(
    name="data",
    methods="v2.data.query_runs",
    type="stripe.v2.data._query_run.QueryRun",
    family="v2.data.query_run",
    parameters=lambda sql, compress: {
        "dataset": "analytical",
        "format": "csv",
        "query": {"sql": sql},
        "result_options": {"compress_file": compress},
    },
    # Optional to the client: the sandbox leaves out what there is nothing to say of, and shows no rows.
    absent={
        "running": frozenset({"result", "status_details"}),
        "succeeded": frozenset({"result.inline", "status_details"}),
        "failed": frozenset({"result", "status_details.canceled_at"}),
        "canceled": frozenset({"result", "status_details.code"}),
    },
)
GENERATIONS = [REPORTING, DATA]
