"""Holds what one recording saw of Stripe, without anything that must not leave: no key, no URL, no row, no account.

Filled by `gathering.py`, read by the questions. What is None was not asked, or not answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from forebay.config.stripe import Api

#: Names of headers whose values say nothing of the account.
_TELLING = (
    "retry-after",
    "stripe-should-retry",
    "idempotent-replayed",
    "stripe-version",
    "content-type",
    "content-encoding",
    "content-range",
    "accept-ranges",
)


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """Keeps of headers what may leave: each name, and the values of those that say nothing of the account."""
    names = sorted({name.lower() for name in headers})
    return {name: headers[name] if name in _TELLING or "ratelimit" in name.replace("-", "") else "" for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReply:
    """An answer of the API."""

    status: int
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_taken(self) -> bool:
        """Tells whether the key may ask: the API itself says "no such object" by a 404 with a code."""
        return self.is_success or (self.status == 404 and self.code is not None)

    def __str__(self) -> str:
        return f"HTTP {self.status}" + (f" {self.code}" if self.code else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """A result as its host gave it, looked at and thrown away."""

    headers: Mapping[str, str]
    is_encoded: bool = False
    """Compressed on the way, though nobody asked for it."""
    etag: str = ""
    """`strong` or `weak`; nothing where there is none."""
    ranged: int | None = None
    """The status of a GET with Range."""
    if_range: int | None = None
    """That of a GET with Range and If-Range with its ETag."""
    if_other: int | None = None
    """That of one with an ETag that it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenZip:
    """A zip, by its records."""

    members: int
    sizes_follow: bool
    """Behind the data, as a descriptor."""
    has_zip64: bool
    suffixes: Sequence[str]
    csv_bytes: int
    zip_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvForm:
    """How values were written of a row that our SQL made up: forms, and no value."""

    timestamp: str
    second_digits: int
    """Behind the point, of the timestamp's second."""
    decimal: str
    date: str
    null: str
    empty: str
    header: str
    line_end: str
    has_bom: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRun:
    """A create, and what became of it."""

    what: str
    api: Api
    create: SeenReply
    query_run: str | None = None
    ended_as: str | None = None
    """Its last status; None where it made no run."""
    code: str | None = None
    """Why it failed, as Stripe calls it."""
    seconds: float | None = None
    """From the create to the look that saw its end."""
    content_type: str | None = None
    size_bytes: int | None = None
    rows: int | None = None
    """As Stripe counted them."""
    columns: Sequence[tuple[str, str]] = ()
    refreshed_at: datetime | None = None
    file: SeenFile | None = None
    file_trouble: str = ""
    """Why its result could not be looked at, or not in all ways: in our words, or by the name of the error."""

    @property
    def has_result(self) -> bool:
        return self.ended_as == "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvents:
    """Whether the end of a run was listed as an event, and how late."""

    refusal: SeenReply | None = None
    types: Sequence[str] = ()
    """Of the events that named it."""
    delay_s: float | None = None
    """From its date to the answer that had it, by Stripe's clock where that says the time."""
    waited_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Observations:
    """All that was seen."""

    api: Api
    """The generation that the connection speaks."""
    other_api: SeenReply | None = None
    """Of a look at a run of the other generation that there is not."""
    plain: SeenRun | None = None
    replayed: SeenReply | None = None
    replayed_same: bool | None = None
    """Whether a replay named the same QueryRun."""
    other_body: SeenReply | None = None
    other_body_same: bool | None = None
    zipped: SeenRun | None = None
    zip: SeenZip | None = None
    csv: CsvForm | None = None
    events: SeenEvents | None = None
    loaded: SeenRun | None = None
    """The run that asked up to when data go."""
    data_load_time: datetime | None = None
    counted_rows: int | None = None
    """Records of that run's result, as we count them."""
    inline_number: str | None = None
    """What a number of it is in rows that stand in the answer, as Python names what JSON has; None without rows."""
    tables: SeenReply | None = None
    tables_refreshed: Sequence[datetime] = ()
    wrong_sql: Mapping[Api, SeenRun] = field(default_factory=dict)
    engine_error: SeenRun | None = None
    long_sql: SeenRun | None = None
    long_sql_bytes: int = 0
    with_context: SeenReply | None = None
    without_context: SeenReply | None = None
    account_column: str | None = None
    organization: SeenRun | None = None
    refused_by_limit: SeenReply | None = None
    """A 429, should one have come by itself."""
    runs: list[SeenRun] = field(default_factory=list)
    requests: int = 0
    stopped: str = ""
    """Why not all was asked."""

    @property
    def unspoken(self) -> Api:
        """Names the generation that the connection does not speak."""
        return Api.DATA if self.api is Api.REPORTING else Api.REPORTING
