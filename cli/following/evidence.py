"""Gathers what is to be seen of a deployment as a whole: whether Redis takes writes, and who works."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from forebay.cli.deployment import Deployment
from forebay.cli.following.causes import Evidence
from forebay.cli.output import words
from forebay.config.document.definitions import DefinitionSpec
from forebay.governor.deployment.heartbeats import SENDING, Heartbeats
from forebay.scheduler.batches.budgets import is_used_up, taken
from forebay.scheduler.costs.budget_bound import RunsBound, Today, runs_bound
from forebay.scheduler.costs.prices import Prices, Quantities
from forebay.store.errors import StoreError
from forebay.store.ledger.batch_policy import Policy


def evidence(
    deployment: Deployment, *, workers_missed: bool = True, batch: str = "BATCH", waits: Policy | None = None
) -> Evidence:
    """Reads it. Raises GovernorError and StoreError.

    `workers_missed=False`: nobody misses those of this machine while they start, or have nothing to do. `batch` is the
    one that `forebay watch` would take up, where workers are this machine's own. `waits` is the policy of one that
    may wait for its budget.
    """
    heartbeats = Heartbeats(deployment.redis)
    workers = tuple(heartbeats.workers())
    complaints = heartbeats.troubles()
    return Evidence(
        refuses_writes=deployment.refuses_writes(),
        workers=None if not workers and (not workers_missed or set(complaints) - {SENDING}) else workers,
        complaints=tuple((words.complainer(who), trouble) for who, trouble in complaints.items()),
        used_up=_used_up(deployment, waits),
        start_workers=f"go on with: forebay watch {batch}" if deployment.attached else Evidence().start_workers,
    )


def _used_up(deployment: Deployment, policy: Policy | None) -> tuple[tuple[str, str], ...]:
    if policy is None or policy.runs_per_day is None or policy.split is None:
        return ()  # what was accepted has its runs; only the parts of one that is cut take more
    used = is_used_up(deployment.ledger.spent, policy, datetime.now(UTC))
    return ((policy.definition, f"{words.runs(policy.runs_per_day)} a day"),) if used else ()


def used_up_budgets(deployment: Deployment) -> list[tuple[str, str]]:
    """Finds the definitions of the spec that have nothing left to spend today: a LIST or two for each with a budget.

    Of a bound in money it knows what was spent, and what a price by runs alone is enough for; history is not read. A
    ledger that does not answer tells nothing: whoever needs it says that it does not.
    """
    written = deployment.config.written
    definitions = (*written.spec.extracts.items(), *written.spec.batches.items()) if written else ()
    found = []
    for name, definition in definitions:
        with suppress(StoreError):
            bound = _bound(deployment, name, definition, datetime.now(UTC).date())
            if bound:
                found.append((name, bound.why))
    return found


def _bound(deployment: Deployment, name: str, definition: DefinitionSpec, today: date) -> RunsBound | None:
    """Finds the bound that a definition has reached."""
    config, budget = deployment.config, definition.budget
    if config.written is None or (budget.runs_per_day is None and budget.cost_per_day is None):
        return None
    prices = Prices.of(config.written.spec)
    connection = definition.connection or config.default_connection or ""
    tomorrow = today + timedelta(days=1)
    uses = [] if budget.cost_per_day is None else deployment.ledger.uses.days(today, tomorrow, name)
    names = (name, *config.written.spec.former_names.get(name, ()))
    runs = taken(deployment.ledger.spent, names, today)
    known = Today(run_cost=prices.of_quantities(connection, today, Quantities()), uses=uses, taken=runs)
    bound = runs_bound(budget, prices, known)
    return bound if bound and runs >= bound.runs else None
