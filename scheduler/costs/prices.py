"""Says what a QueryRun costs by the rules of the spec, exactly; what no rule says, or goes by, nobody knows.

Called by whoever shows what was spent or will be (`forebay costs`, `plan`, `backfill`), and by budgets in money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from forebay.config.document.price_spec import PriceSpec
from forebay.config.document.spec import Spec
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.use_records import Use

_MS = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantities:
    """What a price may go by; None where it is not known."""

    runs: int = 1
    seconds: Decimal | None = None
    rows: int | None = None
    bytes: int | None = None


class Prices:
    """The rules of one spec."""

    def __init__(self, rules: Sequence[PriceSpec] = ()) -> None:
        # Of one day that for all goes first, so that the last one that fits is the one that holds.
        self._rules = sorted(rules, key=lambda rule: (rule.since, rule.connections is not None))

    @classmethod
    def of(cls, spec: Spec | None) -> "Prices":
        """Takes the rules of a spec; without one there are none."""
        return cls(spec.prices if spec else ())

    @property
    def currency(self) -> str | None:
        """Names the one currency; None without a rule."""
        return self._rules[0].currency if self._rules else None

    def of_use(self, use: Use) -> Decimal | None:
        """Says what a QueryRun cost, by one of its uses."""
        rule = self.rule(use.connection, use.day)
        if rule and not rule.failed and _failed_at_stripe(use.outcome):
            return Decimal(0)
        seconds = None if use.ms is None else use.ms / _MS
        return _cost(rule, Quantities(seconds=seconds, rows=use.rows, bytes=use.bytes))

    def of_quantities(self, connection: str, day: date, quantities: Quantities) -> Decimal | None:
        """Says what so much would cost that is created on a day."""
        return _cost(self.rule(connection, day), quantities)

    def changes(self, connection: str, after: date) -> list[date]:
        """Lists the days after one from which another rule holds for a connection."""
        return sorted({rule.since for rule in self._fitting(connection) if rule.since > after})

    def rule(self, connection: str, day: date) -> PriceSpec | None:
        """Finds the rule that holds."""
        return next((rule for rule in reversed(self._fitting(connection)) if rule.since <= day), None)

    def _fitting(self, connection: str) -> list[PriceSpec]:
        return [rule for rule in self._rules if rule.connections is None or connection in rule.connections]


def _cost(rule: PriceSpec | None, quantities: Quantities) -> Decimal | None:
    if rule is None:
        return None
    cost = Decimal(0)
    for unit, rate in rule.rates.items():
        quantity = getattr(quantities, unit)
        if quantity is None:
            return None
        cost += rate * quantity
    return cost


def _failed_at_stripe(outcome: str) -> bool:
    return outcome not in ("landed", "canceled") and not FailureClass(outcome).has_result
