"""Sums up costs for the API, as `forebay costs --json` does."""

from decimal import Decimal

from forebay.cli.deployment import Deployment
from forebay.cli.following.cost_sums import CostOptions, cost_facts, sum_costs
from forebay.scheduler.costs.spending import By
from forebay.web.api.readings import CostsWanted, Facts


def costs_of(deployment: Deployment, wanted: CostsWanted) -> Facts:
    """Sums up what is wanted. Raises `InputError` and StoreError."""
    options = CostOptions(
        by=[By(word) for word in wanted.by] or None,
        since=wanted.since,
        until=wanted.until,
        definition=wanted.names.get(By.DEFINITION),
        connection=wanted.names.get(By.CONNECTION),
        account=wanted.names.get(By.ACCOUNT),
        limit=wanted.limit,
    )
    found, (since, until) = sum_costs(deployment.config, deployment.ledger, options), options.days
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "costs": [_numbers(row) for row in found.rows(options)],
        "total": _numbers(cost_facts(found.total, found.prices)),
        "more": len(found.sums) > wanted.limit,
    }


def _numbers(row: Facts) -> Facts:
    """Writes money as text, as commands do: no reader makes a binary fraction of it."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}
