"""Defines the section `prices` of the spec: what a QueryRun costs, by which units, from which day on.

Stripe's pages say that runs are priced by use from 2027-02-01, and neither a price nor its unit. So none is known
before somebody writes it here. What follows from it: `scheduler/costs/prices.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from forebay.config.document.strict import Strict
from forebay.config.document.values import Currency, Day, MoneyText


class PriceSpec(Strict):
    """What QueryRuns cost that were created since a day: the sum of what each unit costs."""

    since: Annotated[Day, Field(alias="from")]
    """The day (UTC) from which it holds, until another one does."""
    currency: Currency
    """In three letters, as in USD; one for all prices."""
    connections: Annotated[list[str], Field(min_length=1)] | None = None
    """For whose QueryRuns it holds. Default: all that no other rule of that day names."""
    per_run: MoneyText | None = None
    """For each QueryRun."""
    per_second: MoneyText | None = None
    """For each second from its creation to its end."""
    per_row: MoneyText | None = None
    """For each record of its result."""
    per_million_rows: MoneyText | None = None
    """For a million records, and less for fewer."""
    per_byte: MoneyText | None = None
    """For each byte of the file that Stripe delivers."""
    per_gb: MoneyText | None = None
    """For 10^9 of these bytes, and less for fewer."""
    failed: bool = True
    """Whether QueryRuns that failed at Stripe cost something, too."""

    @property
    def rates(self) -> dict[str, Decimal]:
        """Says what one run, second, row and byte cost, of those that cost something."""
        rates = {
            "runs": self.per_run,
            "seconds": self.per_second,
            "rows": _sum(self.per_row, self.per_million_rows, Decimal(1_000_000)),
            "bytes": _sum(self.per_byte, self.per_gb, Decimal(1_000_000_000)),
        }
        return {unit: rate for unit, rate in rates.items() if rate}

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(price is None for price in (self.per_run, self.per_second, self.per_row, self.per_byte)) and (
            self.per_million_rows is None and self.per_gb is None
        ):
            raise ValueError(
                "says no price: it needs per_run, per_second, per_row, per_gb, … (0 where it costs nothing)"
            )
        return self


def _sum(each: Decimal | None, many: Decimal | None, count: Decimal) -> Decimal | None:
    return None if each is None and many is None else (each or 0) + (many or Decimal(0)) / count
