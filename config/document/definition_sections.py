"""Defines the sections of a definition of the spec: what is asked of its batches as a whole.

Each goes on into the ledger with the batch (`store/ledger/batch_policy.py`), or ends where it is accepted.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forebay.config.document.strict import Strict
from forebay.config.document.values import MoneyText, NonBlank, PeriodText, SecretText, Share, UpToAWeek


class RowsSpec(Strict):
    """Bounds of the records of each result."""

    min: Annotated[int, Field(ge=0)] | None = None
    """The fewest records."""
    max: Annotated[int, Field(ge=0)] | None = None
    """The most records."""
    max_change: Share | None = None
    """The most that the count may differ from the last landed window's, as a share of that. For extracts."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class ChecksSpec(Strict):
    """What must hold of landed results before the batch's manifest is written; else they stay in quarantine."""

    columns: Annotated[list[NonBlank], Field(min_length=1)] | Literal["contract"] | None = None
    """The columns in their order; or `contract`: those of the last landed window, for extracts."""
    rows: RowsSpec = RowsSpec()
    """How many records each result may have."""
    tie_out: NonBlank | None = None
    """SQL (a file or inline) that runs beside each query and gives one row: `records`, and a sum under the name of each
    column that is to be compared."""


class NotifySpec(Strict):
    """Who is told: one message a batch."""

    webhook: SecretText | None = None
    """A reference to a secret that holds a Slack-compatible URL."""
    command: Annotated[list[NonBlank], Field(min_length=1)] | None = None
    """A command and its arguments; it gets the message as JSON on standard input."""
    on: Annotated[list[Literal["failed", "landed", "late"]], Field(min_length=1)] = ["failed", "late"]
    """Of what: `failed` (also checks and stops), `landed`, `late`."""

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Self:
        if self.webhook is None and self.command is None:
            raise ValueError("nobody is told: it needs 'webhook' or 'command'")
        return self


class BudgetSpec(Strict):
    """What may be spent."""

    runs_per_day: Annotated[int, Field(ge=1)] | None = None
    """The most runs of this definition a day."""
    cost_per_day: MoneyText | None = None
    """The most that this definition may cost a day, in the currency of `prices`; it bounds nothing where none holds."""
    stop_after: Share | None = None
    """The batch pauses when this share of its runs failed."""


class SplitSpec(Strict):
    """Allows to cut a window whose result is too big or takes too long."""

    on: NonBlank
    """The column that the window's bounds are compared with."""
    min: PeriodText
    """The shortest part."""
    max_parts: Annotated[int, Field(ge=2, le=1000)] = 24
    """The most parts of one window."""


class ByAccountSpec(Strict):
    """Sorts the one result over the whole organization: each of its accounts gets an object of its own."""

    column: NonBlank
    """The column that says whose row it is, as the SELECT calls it: account, or merchant_id."""
    keep: bool = False
    """Whether the objects keep that column. An account's own result has none: without it the trees are the same."""


class CacheSpec(Strict):
    """The same SQL, account and options accepted not long ago share one run."""

    max_age: UpToAWeek
    """How long ago, at most 7d. SQL that names the clock or chance is never shared."""
    until_data_moves: bool = False
    """Shares only while no run of the account has seen newer data, or, where tables_tell_data, while the tables that
    the SQL reads have none; where nothing is told, no run is shared."""
