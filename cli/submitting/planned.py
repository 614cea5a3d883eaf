"""Gathers what is known around an expansion before anything is spent: history, shared and landed runs, budget, keys."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from forebay.cli.deployment import open_deployment
from forebay.cli.options import DefinitionOptions
from forebay.cli.submitting import account_keys
from forebay.cli.submitting.definition_names import definition as definition_of
from forebay.cli.submitting.expanding import expanded, history, wanted
from forebay.cli.submitting.repeating import next_repeat
from forebay.cli.submitting.result_types import known_types_of
from forebay.config.connections import Config
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.budgets import taken
from forebay.scheduler.batches.history import PastBatches
from forebay.scheduler.batches.landed_runs import count_landed
from forebay.scheduler.batches.sharing import count_alike, count_shared
from forebay.scheduler.costs.prices import Prices, Quantities
from forebay.scheduler.definitions.estimate import Estimate, estimate
from forebay.scheduler.definitions.expansion import Expansion
from forebay.store.errors import NotFound
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An expansion, and what is known around it."""

    expansion: Expansion
    estimate: Estimate
    past: PastBatches | None
    """What its last landed batches came to."""
    accepted: int | None
    """With how many runs the batch was accepted before, if it was: then nothing of it is submitted again."""
    landed: int
    """How many of them have landed."""
    shared: int | None
    """How many runs would be shared; None without `cache`."""
    spent: int | None
    """Runs of the definition that are taken today; None without a budget."""
    alike: int
    """How many runs `cache` would save, where the definition has none: they ask what others of this batch, or of its
    last one, ask as well."""
    unbounded: bool
    """It has a budget in money, and no price holds that it could go by."""
    prices: Prices
    known_types: dict[str, str]
    """By name: types of columns that the fetched tables make sure, and `columns` of the spec could say."""
    keyless: dict[str, str]
    """Accounts that have no key of their own here, though their connection says so, each with the reason."""

    @property
    def runs(self) -> int:
        """Counts the QueryRuns that would be made: of a run that is cut beforehand its parts."""
        parts = self.expansion.cut()
        return 0 if self.accepted is not None else self.expansion.size - (self.shared or 0) + sum(parts) - len(parts)

    @property
    def cost(self) -> Decimal | None:
        """Says what they would cost today; None where no price holds, or history does not tell what it goes by."""
        return self.cost_of(self.runs)

    def cost_of(self, runs: int) -> Decimal | None:
        """Says what so many of its runs would cost today, if they came to what its last ones did."""
        return expected_cost(self.prices, self.expansion.connection.name, runs, self.past)


def plan_of(settings: Settings, config: Config, name: str, options: DefinitionOptions) -> Planned:
    """Plans a definition. Raises what expanding raises, and `StoreError` and `GovernorError` of ledger and Redis."""
    assert config.written  # noqa: S101 - it names a definition
    now = datetime.now(UTC)
    asked = wanted(settings, values=options.values)
    again = next_repeat(settings, config, name) if options.again else None
    expansion = expanded(config, name, window=options.window, now=now, wanted=asked, again=again)
    store = open_stores(settings).open(settings.ledger)
    past = history(settings, store).batches(name)
    batch = _accepted(Ledger(store), expansion)
    shared = spent = None
    alike = 0 if expansion.sharing else _alike(Ledger(store), expansion)
    if expansion.bound:
        spent = taken(Ledger(store).spent, expansion.policy.names, now.date())
    if expansion.sharing:
        with open_deployment(settings, config) as deployment:
            pairs = ((expansion.connection.lane(item.account), item) for item in expansion.items())
            sharing = dataclasses.replace(expansion.sharing, fresh=options.fresh)
            sharing = deployment.submitter.as_of_now(sharing, expansion.connection)
            shared = count_shared(deployment.redis, pairs, sharing, expansion.connection.api)
    return Planned(
        expansion=expansion,
        estimate=estimate(expansion.lanes, expansion.connection, past.run_s if past else None),
        past=past,
        accepted=None if batch is None else batch.size,
        landed=0 if batch is None else _landed(settings, batch),
        shared=shared,
        spent=spent,
        alike=alike,
        unbounded=_is_unbounded(config, name, expansion),
        prices=Prices.of(config.written.spec),
        known_types=known_types_of(expansion, settings, config),
        keyless=account_keys.missing(expansion.connection, expansion.accounts),
    )


def expected_cost(prices: Prices, connection: str, runs: int, past: PastBatches | None) -> Decimal | None:
    """Says what runs would cost today that come to what the last ones of their definition did."""
    quantities = past.quantities(runs) if past else Quantities(runs=runs)
    return prices.of_quantities(connection, datetime.now(UTC).date(), quantities)


def _is_unbounded(config: Config, name: str, expansion: Expansion) -> bool:
    definition = definition_of(config, name)
    if definition is None or definition.budget.cost_per_day is None or config.written is None:
        return False
    today = datetime.now(UTC).date()
    return Prices.of(config.written.spec).rule(expansion.connection.name, today) is None


def _alike(ledger: Ledger, expansion: Expansion) -> int:
    """Counts the items that ask what others of the batch ask, or what its last batch of the week asked."""
    pairs = ((expansion.connection.lane(item.account), item) for item in expansion.items())
    return count_alike(ledger, expansion.definition, pairs, datetime.now(UTC))


def _accepted(ledger: Ledger, expansion: Expansion) -> Batch | None:
    try:
        return ledger.batch(expansion.terms.id)
    except NotFound:
        return None


def _landed(settings: Settings, batch: Batch) -> int:
    return count_landed(open_stores(settings).open(batch.output), batch)
