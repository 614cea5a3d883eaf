"""Sums up what was spent, by what somebody wants to know, and prices it: for `forebay costs` and the API."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from forebay.cli import options
from forebay.config.connections import Config
from forebay.config.periods import Period
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.costs.spending import By, CostSum, spending
from forebay.scheduler.errors import InputError
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.use_records import Use

#: That are summed up where nobody says since when.
SOME_DAYS = timedelta(days=30)


def _day(text: str) -> date:
    """Reads `7d`, or a day in UTC: a local midnight would be another day's hour."""
    with suppress(ValueError):
        return (datetime.now(UTC) - Period.parse(text).elapsed).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is neither an age such as 7d nor a day such as 2026-11-01") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOptions:
    """What is summed up, and by what."""

    by: Annotated[
        list[By] | None,
        typer.Option(
            parser=options.one_of(By, "nothing to sum by"),
            metavar="|".join(By),
            help="What sums are made for; may be given twice. [default: definition]",
        ),
    ] = None
    since: Annotated[
        date | None,
        typer.Option(parser=_day, metavar="7d|DATE", help="From this day (UTC) on. [default: 30 days before --until]"),
    ] = None
    until: Annotated[date | None, typer.Option(parser=_day, metavar="DATE", help="Before this day (UTC).")] = None
    definition: Annotated[str | None, typer.Option(metavar="NAME", help="Of this batch or extract only.")] = None
    connection: Annotated[str | None, typer.Option(metavar="NAME", help="Of this connection only.")] = None
    account: Annotated[str | None, typer.Option(metavar="acct_…", help="Of this account only.")] = None
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many sums are shown.")] = 50

    @property
    def days(self) -> tuple[date, date]:
        """Gives the first day, and the one after the last."""
        today = datetime.now(UTC).date()
        last = self.until or today
        return self.since or last - min(SOME_DAYS, last - date.min), self.until or today + timedelta(days=1)

    @property
    def names(self) -> dict[By, str]:
        """Gives the names to which it is narrowed."""
        named = {By.DEFINITION: self.definition, By.CONNECTION: self.connection, By.ACCOUNT: self.account}
        return {by: name for by, name in named.items() if name is not None}

    def key(self, use: Use) -> tuple[str, ...] | None:
        """Says which sum a use belongs to; None if it is left out."""
        if any(by.of(use) != name for by, name in self.names.items()):
            return None
        return tuple(by.of(use) for by in self.keys)

    @property
    def keys(self) -> Sequence[By]:
        """Lists what sums are made for, each once."""
        return list(dict.fromkeys(self.by or [By.DEFINITION]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTable:
    """What was spent on some days."""

    sums: Sequence[tuple[tuple[str, ...], CostSum]]
    """By the names that they are made for; what cost most first, of days the newest."""
    total: CostSum
    prices: Prices
    seen: Mapping[By, set[str]]
    """Of what it is narrowed by: the names of which anything was spent."""

    def rows(self, wanted: CostOptions) -> list[dict[str, Any]]:
        """Names the facts of as many sums as are wanted, for JSON."""
        named = ((_names(wanted.keys, key), each) for key, each in self.sums[: wanted.limit])
        return [{**names, **cost_facts(each, self.prices)} for names, each in named]


def sum_costs(config: Config, ledger: Ledger, wanted: CostOptions) -> CostTable:
    """Reads the days and sums them up. Raises `InputError` where there are none, and StoreError."""
    prices = Prices.of(config.written.spec if config.written else None)
    since, until = wanted.days
    if since >= until:
        raise InputError(f"--since {since} is not before {f'--until {until}' if wanted.until else 'tomorrow'}")
    seen: dict[By, set[str]] = {by: set() for by in wanted.names}

    def whose(use: Use) -> tuple[str, ...] | None:
        for by, names in seen.items():
            names.add(by.of(use))
        return wanted.key(use)

    sums = spending(ledger.uses.days(since, until), whose, prices.of_use)
    ordered = sorted(sums.items(), key=lambda item: _order(wanted.keys, *item))
    return CostTable(sums=ordered, total=sum(sums.values(), CostSum()), prices=prices, seen=seen)


def _order(keys: Sequence[By], key: tuple[str, ...], each: CostSum) -> tuple[object, ...]:
    """Puts what cost most first; of days the newest."""
    day = -date.fromisoformat(key[0]).toordinal() if keys[0] is By.DAY else 0
    return day, -each.cost, -each.runs, key


def _names(keys: Sequence[By], key: tuple[str, ...]) -> dict[str, str | None]:
    return {by.value: name or None for by, name in zip(keys, key, strict=True)}


def cost_facts(each: CostSum, prices: Prices) -> dict[str, Any]:
    """Names a sum's facts, for JSON."""
    known = prices.currency is not None and (each.unpriced < each.runs or not each.runs)
    return {
        "runs": each.runs,
        "failed": each.failed,
        "canceled": each.canceled,
        "repeats": each.repeats,
        "shared": each.shared,
        "unknown": each.unknown,
        "rows": each.rows,
        "bytes": each.bytes,
        "seconds": each.ms / 1000,
        "cost": each.cost if known else None,
        "currency": prices.currency,
        "unpriced": each.unpriced,
    }
