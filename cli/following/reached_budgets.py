"""Finds the definitions of a spec that have nothing left to spend today."""

from contextlib import suppress
from datetime import UTC

from forebay.cli.deployment import Deployment
from forebay.cli.submitting.expanding import history
from forebay.scheduler.costs.budget_bound import RunsBound
from forebay.scheduler.definitions.definition import Definition, definitions_of
from forebay.scheduler.definitions.expand import Wanted, todays_bound
from forebay.store.errors import StoreError


def reached_budgets(deployment: Deployment) -> list[tuple[str, str]]:
    """Finds them, and why each: some LISTs for each with a budget.

    Of a bound in money it knows what was spent, and what the rest is enough for by a price that goes by runs, or by
    what today's runs did cost; history, which may be thousands of manifests, is not read. A ledger that does not answer
    tells nothing: whoever needs it says that it does not.
    """
    written, found = deployment.config.written, []
    for definition in definitions_of(written) if written else ():
        with suppress(StoreError):
            bound = _reached_bound(deployment, definition)
            if bound:
                found.append((definition.name, bound.why))
    return found


def _reached_bound(deployment: Deployment, definition: Definition) -> RunsBound | None:
    """Finds the bound that a definition has reached."""
    known = history(deployment.settings, deployment.ledger_store)
    wanted = Wanted(uses=known.uses, taken=known.taken)
    connection = definition.spec.connection or deployment.config.default_connection or ""
    bound = todays_bound(definition, connection, wanted)
    today = wanted.now().astimezone(UTC).date()
    return bound if bound and known.taken(definition.names, today) >= bound.runs else None
