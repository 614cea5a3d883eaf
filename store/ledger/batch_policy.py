"""Says what a batch of the spec has to fulfil: the part of `batch.json` that its closing goes by.

It is written with the batch, so that who closes it needs no spec, and a spec that changed since changes nothing. It
holds references to secrets, never one.
"""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from forebay.store.ledger.record_kind import Stored


class Span(Stored):
    """A half-open window in UTC."""

    start: AwareDatetime
    end: AwareDatetime


class Checks(Stored):
    """As in the spec; `tie_out` says that each item has a second one that ties it out (`Item.ties`)."""

    columns: tuple[str, ...] | Literal["contract"] | None = None
    rows_min: int | None = None
    rows_max: int | None = None
    rows_max_change: float | None = None
    tie_out: bool = False
    types: bool = False
    """Whether each value fits the type of its column, where results are stored in a format that has types."""
    accounts: bool = False
    """Whether each record names an account, where an organization's result is sorted by account."""


class Notify(Stored):
    """Who is told of a batch, and of what."""

    webhook: str | None = None
    """A secret reference."""
    command: tuple[str, ...] | None = None
    on: tuple[str, ...] = ("failed", "late")


class Splitting(Stored):
    """All that it takes to render an item again for a part of its window."""

    on: str
    min: str
    max_parts: int
    timezone: str
    start: AwareDatetime
    end: AwareDatetime
    """What the query was told: `start` with the lookback in it."""
    texts: dict[str, str]
    """Item name → template."""
    values: dict[str, dict[str, str | int | float | bool | list[str | int | float | bool]]]
    """Item name → its params."""

    @property
    def window(self) -> Span:
        """Gives the window that is cut: what the query was told, with the lookback in it."""
        return Span(start=self.start, end=self.end)


class RunsFrom(Stored):
    """How many runs may begin on each day from one on."""

    since: date
    runs: int | None = None
    """None where nobody bounds them."""


class Policy(Stored):
    """What the spec asks of one batch."""

    definition: str
    """The name of the extract or batch in the spec."""
    former_names: tuple[str, ...] = ()
    """Names that the extract had: what ran under these is its past."""
    kind: Literal["extract", "batch"]
    spec_sha256: str
    window: Span | None = None
    data_loaded_at: AwareDatetime | None = None
    """Up to where Sigma had data when it was accepted, of an extract that waits for them."""
    fan_out: Literal["per_account", "organization"] = "per_account"
    accounts: tuple[str, ...] = ()
    """Those from which a result is expected."""
    canary: bool = False
    publish: Literal["per_item", "all_or_nothing"] = "per_item"
    stop_after: float | None = None
    runs_per_day: int | None = None
    """How many runs its definition may begin a day (UTC), when it was accepted; None where nobody bounds it."""
    runs_on_other_days: tuple[RunsFrom, ...] = ()
    """The same of days on which it was not accepted, where money makes it another one; by day."""
    accepted_on: date | None = None
    """The day of which `runs_per_day` is told; None where it is the same on each."""
    checks: Checks | None = None
    split: Splitting | None = None
    notify: Notify | None = None
    part_of: str | None = None
    """The run (`<batch>/<lane>/<index>`) that this batch's items are the parts of."""
    shadow: bool = False
    """Its results are only compared with those of another batch that asks the same by another generation of the API."""

    @property
    def names(self) -> tuple[str, ...]:
        """Lists the names of its definition, that of now first."""
        return (self.definition, *self.former_names)

    def runs_on(self, day: date) -> int | None:
        """Says how many runs its definition may begin on a day; None where nobody bounds it."""
        if self.accepted_on is None or day == self.accepted_on:
            return self.runs_per_day
        return next((each.runs for each in reversed(self.runs_on_other_days) if each.since <= day), None)

    @property
    def whole(self) -> str | None:
        """Names the batch that this one's items are parts of: what happens to them is its closing's to decide."""
        return self.part_of.partition("/")[0] if self.part_of else None

    @property
    def counts(self) -> bool:
        """Tells whether it is what its definition ran: neither parts of that, nor what is only compared."""
        return not (self.part_of or self.shadow)

    @property
    def quarantined(self) -> bool:
        """Tells whether results land in quarantine first, and are published by the closing."""
        return self.publish == "all_or_nothing" or self.checks is not None
