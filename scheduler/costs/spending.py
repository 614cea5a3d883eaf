"""Sums what was spent: each QueryRun once, however many runs used it, by day, definition, connection or account.

From the uses of the ledger (`store/ledger/use_records.py`) alone. Called by `forebay costs`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.use_records import Use

#: What a use says that is no class of failure.
_LANDED, _CANCELED = "landed", "canceled"

#: Says what a QueryRun cost; None where nobody knows.
PriceOf = Callable[[Use], Decimal | None]


class By(StrEnum):
    """What sums are made for."""

    DAY = "day"
    DEFINITION = "definition"
    CONNECTION = "connection"
    ACCOUNT = "account"

    def of(self, use: Use) -> str:
        """Names what a use belongs to; nothing where it has no definition, or no account."""
        match self:
            case By.DAY:
                return use.day.isoformat()
            case By.DEFINITION:
                return use.definition or ""
            case By.CONNECTION:
                return use.connection
            case By.ACCOUNT:
                return use.account or ""


@dataclass(slots=True, kw_only=True)
class CostSum:
    """What some QueryRuns came to."""

    runs: int = 0
    repeats: int = 0
    """Those of them that were further attempts."""
    failed: int = 0
    canceled: int = 0
    shared: int = 0
    """Runs that used another one's QueryRun, and cost nothing."""
    unknown: int = 0
    """Creates that may have been carried out, and nobody knows: neither counted as runs nor priced."""
    rows: int = 0
    bytes: int = 0
    ms: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    """Runs of which nobody knows what they cost: no rule held, or what it goes by is not known of them."""

    def __add__(self, other: "CostSum") -> "CostSum":
        names = [each.name for each in fields(self)]
        return CostSum(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def add(self, use: Use, cost: Decimal | None) -> None:
        """Counts a QueryRun."""
        self.runs += 1
        self.repeats += use.attempt > 0
        self.failed += use.outcome not in (_LANDED, _CANCELED)
        self.canceled += use.outcome == _CANCELED
        self.rows += use.rows or 0
        self.bytes += use.bytes or 0
        self.ms += use.ms or 0
        self.cost += cost or 0
        self.unpriced += cost is None


def spending(
    days: Iterable[tuple[date, Collection[Use]]], keys: Callable[[Use], tuple[str, ...] | None], price: PriceOf
) -> dict[tuple[str, ...], CostSum]:
    """Sums up the uses of successive days by their keys; one whose key is None is left out."""
    sums: dict[tuple[str, ...], CostSum] = {}

    def sum_of(use: Use) -> CostSum | None:
        key = keys(use)
        return None if key is None else sums.setdefault(key, CostSum())

    before: frozenset[str] = frozenset()
    for _, uses in days:
        known = _by_query_run(uses)
        for query_run, own in known.items():
            # Where Stripe did not say when it was created, our clock may have put another use on the day before.
            whole, is_new = _whole(own), query_run not in before
            if is_new and (found := sum_of(whole)):
                found.add(whole, price(whole))
            others = {use.run: use for use in own if use.run != whole.run or (not is_new and use.shared)}
            for use in others.values():
                if found := sum_of(use):
                    found.shared += 1
        for use in _unknown(uses):
            if found := sum_of(use):
                found.unknown += 1
        before = frozenset(known)
    return sums


def _by_query_run(uses: Iterable[Use]) -> dict[str, list[Use]]:
    known: dict[str, list[Use]] = {}
    for use in uses:
        if use.query_run:
            known.setdefault(use.query_run, []).append(use)
    return known


def _unknown(uses: Collection[Use]) -> Iterator[Use]:
    """Yields creates that nobody knows of, unless a retry of the same attempt found its QueryRun."""
    found = {(use.run, use.attempt) for use in uses if use.query_run}
    runs = {(use.run, use.attempt): use for use in uses if not use.query_run}
    yield from (use for run, use in runs.items() if run not in found)


def _whole(uses: list[Use]) -> Use:
    """Gathers what is known of one QueryRun: it is its first asker's, and ended as whoever knows most says."""
    owner = min(uses, key=lambda use: (use.shared, _rank(use), use.run))
    told = sorted(uses, key=_rank)
    return replace(
        owner,
        outcome=told[0].outcome,
        ms=next((use.ms for use in told if use.ms is not None), None),
        rows=next((use.rows for use in told if use.rows is not None), None),
        bytes=next((use.bytes for use in told if use.bytes is not None), None),
    )


def _rank(use: Use) -> int:
    """Orders by what each knows of its QueryRun: who landed it most, and next who saw that there was a result."""
    if use.outcome == _LANDED:
        return 0
    if use.outcome == _CANCELED:
        return 3
    return 1 if FailureClass(use.outcome).has_result else 2
