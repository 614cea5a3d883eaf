"""The sections `extracts` and `batches` of the spec: what should run, and when.

A definition says which SQL, over which accounts, and what must hold before its results count. An extract is one that
recurs: each of its windows becomes a batch. A batch of the spec runs when somebody asks for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from config.periods import Period
from config.spec.strict import Strict

Class = Literal["interactive", "scheduled", "backfill"]
Scalar = str | int | float | bool
#: What a parameter may be; a list becomes `a, b, c`, for IN (…).
Param = Scalar | list[Scalar]


def _period(value: object) -> object:
    return Period.parse(value) if isinstance(value, str) else value


def _share(value: object) -> object:
    """`10%` as 0.1."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value[:-1]) / 100
        except ValueError:
            raise ValueError("must be a share such as 10%") from None
    return value


def _moment(value: object) -> object:
    """A date or a local date and time in ISO form; the window's time zone is added where it is used."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31, or a date and time such as 2026-01-31T06:00") from None


def _naive(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("has a zone of its own; the time zone stands in 'timezone'")
    return moment


PeriodText = Annotated[Period, BeforeValidator(_period)]
Share = Annotated[float, BeforeValidator(_share), Field(gt=0, le=1)]
#: A time on the wall of the definition's time zone.
LocalMoment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_naive)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class RowsSpec(Strict):
    """Bounds of the records of each result; `max_change` is against the last landed window's, for extracts."""

    min: Annotated[int, Field(ge=0)] | None = None
    max: Annotated[int, Field(ge=0)] | None = None
    max_change: Share | None = None


class ChecksSpec(Strict):
    """What must hold of landed results before the batch's manifest is written; else they stay in quarantine.

    `columns` is the list of columns in their order, or `contract`: those of the last landed window. `tie_out` is SQL (a
    file or inline) that runs beside each query and gives one row: `records`, and a sum under the name of each
    column that is to be compared.
    """

    columns: list[str] | Literal["contract"] | None = None
    rows: RowsSpec = RowsSpec()
    tie_out: str | None = None


class NotifySpec(Strict):
    """Who is told. `webhook` refers to a secret: a Slack-compatible URL; `command` gets the message as JSON on stdin.

    `on`: `failed` (also checks and stops), `landed`, `late`.
    """

    webhook: str | None = None
    command: list[str] | None = None
    on: list[Literal["failed", "landed", "late"]] = ["failed", "late"]


class BudgetSpec(Strict):
    """What may be spent. `stop_after`: the batch pauses when this share of its runs failed."""

    runs_per_day: Annotated[int, Field(ge=1)] | None = None
    stop_after: Share | None = None


class SplitSpec(Strict):
    """Allows to cut a window whose result is too big or takes too long, along the column `on`."""

    on: str
    min: PeriodText
    max_parts: Annotated[int, Field(ge=2, le=1000)] = 24


class CacheSpec(Strict):
    """The same SQL, account and options accepted less than `max_age` ago share one run. At most 7 days."""

    max_age: PeriodText


class DefinitionSpec(Strict):
    """What extracts and batches have in common. None: as in `defaults`, or as the field's comment says."""

    #: A file, a glob, or SQL itself; or a list of these. Paths count from the spec's folder.
    sql: str | list[str]
    params: dict[str, Param] = {}
    connection: str | None = None
    #: The name of a group. None: the connection's own account.
    accounts: str | None = None
    fan_out: Literal["per_account", "organization", "auto"] = "auto"
    output: str | None = None
    flow_class: Annotated[Class | None, Field(alias="class")] = None
    weight: Annotated[float, Field(gt=0, le=1000)] | None = None
    ceiling: Annotated[int, Field(ge=0)] | None = None
    #: Whether the first item runs alone. None: where there is more than one account.
    canary: bool | None = None
    publish: Literal["per_item", "all_or_nothing"] = "per_item"
    cache: CacheSpec | None = None
    budget: BudgetSpec = BudgetSpec()
    checks: ChecksSpec | None = None
    split: SplitSpec | None = None
    notify: NotifySpec | None = None


class WindowsSpec(Strict):
    """How time is cut. `every`: `1d`, `1h`, `1mo`, or a cron line whose moments are the bounds.

    `lookback` moves the start that the query sees back; windows themselves never overlap. `start` is where the first
    one begins.
    """

    every: str
    timezone: str = "UTC"
    start: LocalMoment
    lookback: PeriodText | None = None


class ScheduleSpec(Strict):
    """When a window runs after its end.

    `when`: `data_ready` waits until Sigma holds the window's data; `at_end` runs at its end plus `delay`; a cron line
    runs at its next moment after the end; `manual` only when asked. `late_after` counts from the window's end.
    `catch_up`: which windows that should have run are run late: `none` (only the newest), `last N`, `all`.
    """

    when: str = "data_ready"
    delay: PeriodText | None = None
    late_after: PeriodText | None = None
    catch_up: str = "last 7"
    overlap: Literal["skip", "queue", "allow"] = "queue"


class ExtractSpec(DefinitionSpec):
    window: WindowsSpec
    schedule: ScheduleSpec = ScheduleSpec()


class RangeSpec(Strict):
    """A fixed half-open window, for a batch whose SQL names `window.start` and `window.end`."""

    start: LocalMoment
    end: LocalMoment
    timezone: str = "UTC"


class BatchSpec(DefinitionSpec):
    #: Each combination of these values is one item of each query, as further `params`.
    matrix: dict[str, list[Scalar]] = {}
    window: RangeSpec | None = None
