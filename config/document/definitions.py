"""Defines the sections `extracts` and `batches` of the spec: what should run, and when.

A definition says which SQL, over which accounts, and what must hold before its results count. An extract is one that
recurs: each of its windows becomes a batch. A batch of the spec runs when somebody asks for it.

What a key asks of the batch goes on into the ledger, so that no worker needs the spec: a field here, its twin in
`store/ledger/batch_policy.py`, and the copying in `scheduler/definitions/spec_to_policy.py`. What concerns accepting it
ends in `scheduler/definitions/expand.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forebay.config.document.strict import Strict
from forebay.config.document.values import (
    CatchUp,
    CatchUpText,
    ColumnTypeText,
    Every,
    GroupText,
    LayoutText,
    LocalMoment,
    MoneyText,
    Name,
    NonBlank,
    Param,
    PeriodText,
    Scalar,
    SecretText,
    Share,
    SqlText,
    UpToAWeek,
    When,
    Zone,
)
from forebay.config.periods import Period
from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.config.standing import FlowClass, StandingChange
from forebay.config.stripe import Api
from forebay.config.write_mode import WriteMode

Class = Literal["interactive", "scheduled", "backfill"]


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


class DefinitionSpec(Strict):
    """What extracts and batches have in common."""

    sql: SqlText
    """A file, a glob, or SQL itself; or a list of these. Paths count from the spec's folder."""
    params: dict[Name, Param] = {}
    """Values for `{{ params.NAME }}` in the SQL. A list becomes `a, b, c`, for IN (…)."""
    connection: str | None = None
    """The name of a connection. Default: that of `defaults`, or the only one."""
    api: Annotated[Api, Field(strict=False)] | None = None
    """By which generation of Stripe's API it is asked: reporting or data. Default: the connection's."""
    accounts: GroupText | None = None
    """The name of a group of accounts. Default: the connection's own account."""
    fan_out: Literal["per_account", "organization", "auto"] = "auto"
    """One run for each account, or one over the whole organization; `auto` decides by history."""
    by_account: ByAccountSpec | None = None
    """With `fan_out: organization`: lands the one result as an object for each account."""
    output: NonBlank | None = None
    """Where results go: s3://bucket/prefix, or a folder. Default: that of `defaults`."""
    layout: LayoutText | None = None
    """Where in `output` each result goes. Default: that of `defaults`, or of an extract
    {extract}/window={window.start}/account={account}/{name}.{ext}, of a batch {batch}/{account}/{name}.{ext}."""
    write: Annotated[WriteMode | None, Field(strict=False)] = None
    """What happens where another result is: replace, fail_if_exists, or versioned, where each batch has a place of its
    own. Default: that of `defaults`, or versioned where the layout has {batch}, as that of batches; else replace."""
    result_format: Annotated[ResultFormat | None, Field(alias="format", strict=False)] = None
    """How results are stored: auto, csv, zip, csv.gz, csv.zst or parquet. Default: that of `defaults`."""
    columns: dict[NonBlank, ColumnTypeText] = {}
    """Types of columns by their names, for parquet: text, boolean, integer, bigint, decimal(38,2), double, date,
    timestamp. Default: what Stripe or `forebay schema` says, or else text."""
    nulls: Annotated[Nulls | None, Field(strict=False)] = None
    """Which empty fields are NULL, for parquet: empty (each), unquoted, never. Default: that of `defaults`."""
    flow_class: Annotated[Class | None, Field(alias="class")] = None
    """Who goes first: interactive, then scheduled, then backfill. Default: that of `defaults`."""
    weight: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Its share of the slots beside others of its class. Default: that of `defaults`."""
    ceiling: Annotated[int, Field(ge=0)] | None = None
    """The most slots that one batch of it may hold; 0 is as many as its share. Default: that of `defaults`."""
    canary: bool | None = None
    """Whether the first item runs alone, and holds the others if its SQL is wrong. Default: where there is more than
    one account."""
    publish: Literal["per_item", "all_or_nothing"] = "per_item"
    """Whether each result appears when it has landed, or all together or none."""
    cache: CacheSpec | None = None
    budget: BudgetSpec = BudgetSpec()
    checks: ChecksSpec | None = None
    split: SplitSpec | None = None
    notify: NotifySpec | None = None
    """Who is told. Default: that of `defaults`."""

    @model_validator(mode="after")
    def _is_one_result(self) -> Self:
        if self.by_account is None:
            return self
        if self.fan_out != "organization":
            raise ValueError(
                "by_account sorts the one result over a whole organization: it goes with fan_out: organization"
            )
        if self.split is not None:
            raise ValueError(
                "by_account and split do not go together: what is cut lands as parts of one result, which are not "
                "sorted by account; leave split out, or ask each account by itself (fan_out: per_account)"
            )
        if any(name.lower() == self.by_account.column.lower() for name in self.columns) and not self.by_account.keep:
            raise ValueError(
                f"columns: the objects have no column {self.by_account.column!r}, since by_account takes it out; "
                "keep it (keep: true), or give it no type"
            )
        return self

    @property
    def standing(self) -> StandingChange:
        """Says how its batches are served otherwise than `defaults` says."""
        flow_class = FlowClass(self.flow_class) if self.flow_class else None
        return StandingChange(flow_class=flow_class, weight=self.weight, ceiling=self.ceiling)


class WindowsSpec(Strict):
    """How time is cut into half-open windows that never overlap."""

    every: Every
    """`1h`, `1d`, `1w`, `1mo`, or a cron line whose moments are the bounds."""
    timezone: Zone = "UTC"
    """The zone whose days and months are meant: UTC, Europe/Berlin."""
    start: LocalMoment
    """Where the first window begins, by that zone's clock."""
    lookback: PeriodText | None = None
    """Moves the start that the query sees back; windows themselves stay as they are."""


class ScheduleSpec(Strict):
    """When a window runs after its end."""

    when: When = "data_ready"
    """`data_ready` waits until Sigma holds the window's data; `at_end` runs at its end plus `delay`; a cron line runs
    at its next moment after the end; `manual` only when asked."""
    delay: PeriodText | None = None
    """How long after the window's end it runs at the earliest."""
    late_after: PeriodText | None = None
    """A window that has not landed so long after its end is reported as late."""
    catch_up: CatchUpText = CatchUp(7)
    """Which windows that should have run are run late: `none` (only the newest), `last N`, `all`."""
    overlap: Literal["skip", "queue", "allow"] = "queue"
    """What happens to a window while the one before it still runs."""

    @model_validator(mode="after")
    def _delay_has_a_sense(self) -> Self:
        if self.delay is not None and self.when not in ("data_ready", "at_end"):
            raise ValueError(f"'delay' goes with when: data_ready or at_end, and not with '{self.when}'")
        if self.delay and self.late_after and self.late_after.longest <= self.delay.longest:
            raise ValueError(
                f"late_after {self.late_after} is over before delay {self.delay}: all windows would be late"
            )
        return self


class ExtractSpec(DefinitionSpec):
    """A query that recurs: each window of time becomes a batch."""

    window: WindowsSpec
    schedule: ScheduleSpec = ScheduleSpec()
    renamed_from: Name | Annotated[list[Name], Field(min_length=1)] | None = None
    """The name that it had, or several: what ran under these is its past. None may still be in the spec."""

    @property
    def former_names(self) -> tuple[str, ...]:
        """Lists the names that it had."""
        names = self.renamed_from or ()
        return (names,) if isinstance(names, str) else tuple(names)

    @model_validator(mode="after")
    def _parts_are_shorter(self) -> Self:
        if self.split is not None and " " not in self.window.every:
            _check_parts(self.split, Period.parse(self.window.every).longest)
        return self


class RangeSpec(Strict):
    """A fixed half-open window, for a batch whose SQL names `window.start` and `window.end`."""

    start: LocalMoment
    end: LocalMoment
    timezone: Zone = "UTC"
    """The zone by whose clock they are meant: UTC, Europe/Berlin."""

    @model_validator(mode="after")
    def _is_no_point(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"its end {self.end.isoformat()} is not after its start {self.start.isoformat()}")
        return self


class BatchSpec(DefinitionSpec):
    """Queries that run together, when somebody asks for them."""

    matrix: dict[Name, Annotated[list[Scalar], Field(min_length=1)]] = {}
    """Each combination of these values is one item of each query, as further `params`."""
    window: RangeSpec | None = None

    @model_validator(mode="after")
    def _has_no_last_window(self) -> Self:
        if self.checks is not None and self.checks.columns == "contract":
            raise ValueError("checks.columns: 'contract' compares with the last window, which only an extract has")
        if self.checks is not None and self.checks.rows.max_change is not None:
            raise ValueError("checks.rows.max_change compares with the last window, which only an extract has")
        return self

    @model_validator(mode="after")
    def _parts_are_shorter(self) -> Self:
        if self.split is not None and self.window is None:
            raise ValueError("'split' cuts a window, and there is none: add 'window'")
        if self.split is not None and self.window is not None:
            _check_parts(self.split, self.window.end - self.window.start)
        return self


def _check_parts(split: SplitSpec, window: timedelta) -> None:
    if split.min.longest >= window:
        raise ValueError(f"split.min {split.min} is not shorter than the window")
