"""Reads single values of the spec as people write them: periods, shares, moments, names, cron lines, references.

Each type says in a sentence what it wants, and what it looks like in the JSON Schema (`json_schema.py`), where an
editor checks it while it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema, WrapValidator
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from forebay.config.document.cron import check_cron
from forebay.config.document.layout import Layout
from forebay.config.document.zones import check_zone
from forebay.config.errors import ConfigError
from forebay.config.periods import Period, Unit
from forebay.config.result_columns import ColumnType
from forebay.config.secrets import SecretRef
from forebay.config.stripe import check_account

_PERIOD = r"[1-9][0-9]{0,4}(mo|m|h|d|w)"
_CRON = r"\S+( +\S+){4}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_PERCENT = r"[0-9]+(\.[0-9]+)?%"
_MOMENT = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?"
_DAY = r"\d{4}-\d{2}-\d{2}"
_COLUMN_TYPE = r"[a-z]+(\([0-9]+, *[0-9]+\))?"
_REFERENCE = r"secret://(env|file)/.+"
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """How many windows that should have run are run late: the newest `most`, or all of them where it is None."""

    most: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `none`, `last N` or `all`; raises ValueError, in a sentence for the spec's author, if it is neither."""
        if text == "all":
            return cls(None)
        if text == "none":
            return cls(1)
        newest = re.fullmatch(r"last +([1-9][0-9]{0,5})", text)
        if newest is None:
            raise ValueError(f"'{text}' is no rule for catching up: write none, all, or how many, as in 'last 7'")
        return cls(int(newest[1]))

    def __str__(self) -> str:
        return "all" if self.most is None else f"last {self.most}"


#: A moment is moved by zones, lookbacks and windows, and must stay a date; Stripe has nothing from before its own time.
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


def _written(kind: type[Period | CatchUp | Layout], otherwise: str) -> BeforeValidator:
    """Reads a value of this kind from its text; `otherwise` says how it is written, to whoever gave no text."""

    def read(value: object) -> object:
        if isinstance(value, kind):
            return value
        if not isinstance(value, str):
            raise ValueError(otherwise)
        return kind.parse(value)

    return BeforeValidator(read)


def _at_most_a_week(period: Period) -> Period:
    # A week in which the clocks go back is an hour longer, and still a week.
    slack = timedelta() if period.unit in (Unit.MINUTE, Unit.HOUR) else timedelta(hours=1)
    if period.longest > _WEEK + slack:
        raise ValueError("must be at most 7d")
    return period


def _share(value: object) -> object:
    """Reads `10%` as 0.1."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= 100:
        raise ValueError(f"is a share of 1: write {value:g}% or {value / 100:g}")
    if not isinstance(value, str):
        return value
    if re.fullmatch(_PERCENT, value) is None:
        raise ValueError("must be a share, as in 10% or 0.1")
    return float(value[:-1]) / 100


def _moment(value: object) -> object:
    """Reads a date or a local date and time in ISO form; the window's time zone is added where it is used."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(_MOMENT, value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as exc:
            raise ValueError(f"'{value}' is no date: {exc}") from None
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise ValueError(f"'{value}' lies outside of the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return moment
    if isinstance(value, str) and re.match(rf"{_MOMENT}(\.\d+)?(Z|[+-]\d)", value):
        raise ValueError("has a zone of its own; the time zone stands in 'timezone'")
    raise ValueError("must be a date such as 2026-01-31, or a date and time such as 2026-01-31T06:00")


def _day(value: object) -> object:
    """Reads a date in ISO form."""
    if isinstance(value, str) and re.fullmatch(_DAY, value):
        try:
            return date.fromisoformat(value)
        except ValueError as exc:
            raise ValueError(f"'{value}' is no date: {exc}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("must be a date such as 2027-02-01")


def _money(value: object) -> object:
    """Reads a number as it was written: 0.1 is a tenth, and not what binary makes of it."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number, as in 0.02")
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?(e-?[0-9]{1,2})?", str(value)) is None:
        raise ValueError("must be a number that is not negative, as in 0.02")
    return Decimal(str(value))


def _currency(value: str) -> str:
    if re.fullmatch(r"[A-Z]{3}", value) is None:
        raise ValueError("must be a currency's three capital letters, as in USD")
    return value


def _every(value: str) -> str:
    """Checks a period or a cron line; cron lines have blanks."""
    if " " in value.strip() and not re.fullmatch(r"\d+ +[A-Za-z]+", value.strip()):  # `1 day` is meant as a period
        return check_cron(value)
    try:
        Period.parse(value)
    except ValueError as exc:
        raise ValueError(f"{exc}; or a cron line, as in '0 6 * * 1-5'") from None
    return value


def _when(value: str) -> str:
    if value in ("data_ready", "at_end", "manual"):
        return value
    if " " in value.strip():
        return check_cron(value)
    raise ValueError(f"'{value}' is no moment: write data_ready, at_end, manual, or a cron line as in '0 6 * * *'")


def _name(value: str) -> str:
    if re.fullmatch(_NAME, value) is None:
        raise ValueError(
            "a name is made of letters, digits, '_' and '-', at most 64, and starts with none of the last two"
        )
    return value


def _column_type(value: str) -> str:
    return str(ColumnType.parse(value))


def _secret(value: str) -> str:
    try:
        SecretRef.parse(value)
    except ConfigError as exc:
        raise ValueError(str(exc)) from None
    return value


def _of_everybody(value: str) -> str:
    if "{account}" in value:
        raise ValueError("there is one for all accounts, so {account} has no meaning here")
    return value


def _account(value: str) -> str:
    try:
        return check_account(value)
    except ConfigError as exc:
        raise ValueError(f"'{value}': {exc}") from None


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _instead_of_each(sentence: str) -> WrapValidator:
    """Says one sentence of a union, where pydantic would complain once for each of its members."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(sentence) from None

    return WrapValidator(validate)


def _text(pattern: str, *examples: str) -> WithJsonSchema:
    shown = {"examples": list(examples)} if examples else {}
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", **shown})


PeriodText = Annotated[
    Period,
    _written(Period, "must be a length of time: a number and a unit, as in 30m, 3h, 1d, 2w or 1mo"),
    _text(_PERIOD, "30m", "3h", "1d", "2w", "1mo"),
]
UpToAWeek = Annotated[PeriodText, AfterValidator(_at_most_a_week)]
Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(gt=0, le=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "string", "pattern": f"^{_PERCENT}$"},
            ],
            "examples": ["10%", 0.1],
        }
    ),
]
#: A time on the wall of the definition's time zone.
LocalMoment = Annotated[datetime, BeforeValidator(_moment), _text(_MOMENT, "2026-01-31", "2026-01-31T06:00")]
#: A day in UTC.
Day = Annotated[date, BeforeValidator(_day), _text(_DAY, "2027-02-01")]
#: What something costs, exactly.
MoneyText = Annotated[
    Decimal,
    BeforeValidator(_money),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}]}
    ),
]
Currency = Annotated[str, AfterValidator(_currency), _text("[A-Z]{3}", "USD", "EUR")]
Every = Annotated[str, AfterValidator(_every), _text(f"({_PERIOD}|{_CRON})", "1h", "1d", "1w", "1mo", "0 6 * * 1-5")]
When = Annotated[
    str,
    AfterValidator(_when),
    _text(f"(data_ready|at_end|manual|{_CRON})", "data_ready", "at_end", "manual", "0 6 * * *"),
]
CatchUpText = Annotated[
    CatchUp,
    _written(CatchUp, "must be none, all, or how many, as in 'last 7'"),
    _text("(none|all|last +[1-9][0-9]{0,5})", "none", "last 7", "all"),
]
LayoutText = Annotated[
    Layout,
    _written(Layout, "must be a path such as '{extract}/{window.start}/{name}.{ext}'"),
    _text(r".+/\{name\}\.\{ext\}", "{extract}/window={window.start}/account={account}/{name}.{ext}"),
]
Zone = Annotated[
    str, AfterValidator(check_zone), WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Berlin"]})
]
Name = Annotated[str, AfterValidator(_name), _text(_NAME)]
Account = Annotated[str, AfterValidator(_account), _text("acct_[A-Za-z0-9_]+(/acct_[A-Za-z0-9_]+)*", "acct_1AbC")]
#: `{account}` in it stands for an account's id: a reference to a key for each account.
KeyText = Annotated[str, AfterValidator(_secret), _text(_REFERENCE, "secret://env/NAME", "secret://file/PATH")]
SecretText = Annotated[KeyText, AfterValidator(_of_everybody)]
ColumnTypeText = Annotated[
    str, AfterValidator(_column_type), _text(_COLUMN_TYPE, "bigint", "decimal(38,2)", "timestamp")
]
NonBlank = Annotated[str, AfterValidator(_not_blank)]
#: Many try a list of accounts here first.
GroupText = Annotated[
    str, _instead_of_each("must be the name of one group; the accounts themselves stand in the section 'accounts'")
]

Scalar = Annotated[str | int | float | bool, _instead_of_each("must be text, a number, true or false")]
#: What a parameter may be; a list becomes `a, b, c`, for IN (…).
Param = Annotated[
    str | int | float | bool | Annotated[list[Scalar], Field(min_length=1)],
    _instead_of_each("must be text, a number, true or false, or a list of these that is not empty"),
]
#: A file, a glob, or SQL itself; or a list of these.
SqlText = Annotated[
    NonBlank | Annotated[list[NonBlank], Field(min_length=1)],
    _instead_of_each("must be a file, a glob or SQL, or a list of these, and not empty"),
]
