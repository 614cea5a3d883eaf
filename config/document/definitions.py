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

from forebay.config.document.definition_sections import (
    BudgetSpec,
    ByAccountSpec,
    CacheSpec,
    ChecksSpec,
    NotifySpec,
    SplitSpec,
)
from forebay.config.document.strict import Strict
from forebay.config.document.values import (
    ColumnTypeText,
    GroupText,
    LayoutText,
    Name,
    NonBlank,
    Param,
    Scalar,
    SqlText,
)
from forebay.config.document.window_spec import RangeSpec, ScheduleSpec, WindowsSpec
from forebay.config.periods import Period
from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.config.standing import FlowClass, StandingChange
from forebay.config.stripe import Api
from forebay.config.write_mode import WriteMode

Class = Literal["interactive", "scheduled", "backfill"]


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
