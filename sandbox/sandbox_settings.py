"""Reads what the operator of a sandbox decides: each field is an environment variable (SANDBOX_…) and a flag (--…).

Read once, when the sandbox starts; after that `POST /sandbox/control` replaces the whole
(frozen) object, so whoever holds the world always sees one consistent set. What stands below a field is its --help
text.
"""

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.dataset import account_names
from forebay.sandbox.events.destinations import ShownDestination
from forebay.sandbox.executing.run_times import parse_duration
from forebay.sandbox.faults import Fault
from forebay.sandbox.setting_choices import (
    BodyCheck,
    CapScope,
    CsvEncoding,
    CsvTimes,
    DataInvalidSql,
    Envelope,
    EventsAccess,
    IdempotencyKeys,
    IdempotencyRace,
    InlineValues,
    OrganizationColumn,
    RefreshedAt,
    ReportingCanceled,
    SchemasAccess,
    ZipSizeOf,
    ZipSizes,
)


def _new_secret() -> list[SecretStr]:
    return [SecretStr(f"whsec_{secrets.token_hex(16)}")]


def _data_until(checked: dict[str, Any]) -> datetime:
    moment: datetime = checked["data_until"]
    return moment


class SandboxSettings(BaseSettings):
    """The settings of one sandbox; a control request changes all but those in `FIXED_AT_START`."""

    model_config = SettingsConfigDict(
        env_prefix="SANDBOX_",
        frozen=True,
        extra="forbid",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_avoid_json=True,
        cli_hide_none_type=True,
        cli_prog_name="forebay sandbox",
        use_attribute_docstrings=True,
    )

    host: str = "127.0.0.1"
    """Loopback: the keys are not checked against anything real."""
    port: int = Field(8420, ge=0, le=65535)
    """0 takes a free port and prints it."""

    seed: int = Field(1, ge=0)
    """The data set; the same seed is the same data, byte for byte."""
    accounts: int = Field(12, ge=1, le=1000)
    """Accounts acct_sandbox0001 … in the organization."""
    data_scale: int = Field(1, ge=1, le=100)
    """Times 3000 customers and some 35000 charges."""
    data_until: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    """The data ends here, UTC; fixed, so that results do not change with the day."""
    data_load_time: datetime = Field(default_factory=_data_until)
    """What SQL calls data_load_time; data_until when unset. It only says so: no row comes or goes."""
    no_api: SandboxApi | None = None
    """A generation for which no account is enabled: 403 for all of it."""
    runs_seen_by_both: bool = False
    """A run of one generation is shown by the other, too, in its words; whether Stripe does so is unknown."""
    refreshed_at: datetime | RefreshedAt = RefreshedAt.DATA_LOAD_TIME
    """Of runs of the data dialect: data_load_time, absent, or a moment of its own."""
    no_access: Annotated[list[str], NoDecode] = []
    """Accounts without the feature: 403 for their keys, no rows of theirs for the organization."""
    organization_column: OrganizationColumn = OrganizationColumn.ACCOUNT
    """What the column is called that an organization's rows have more; Stripe's texts disagree."""
    engine_threads: int = Field(2, ge=1, le=64)
    """Queries that execute at the same time."""
    engine_memory_mb: int = Field(1024, ge=128)
    """DuckDB spills to the spool beyond this."""
    spool_dir: Path | None = None
    """Where results rest; a temporary folder when unset."""

    duration: str = "fixed:0.5"
    """How long a run stays alive: fixed:SECONDS or lognormal:MEAN_SECONDS,SIGMA."""
    cap: int | None = Field(None, ge=0)
    """Runs alive at once; unset is Stripe's 500 live, 100 test."""
    cap_scope: CapScope = CapScope.ACCOUNT
    """What one cap counts; Stripe's texts disagree."""
    cap_per_api: bool = False
    """Each generation has a cap of its own; whether at Stripe is unknown."""
    data_cap_code: str = "query_run_rate_limit_exceeded"
    """Of the data dialect's 429 at the cap: unknown, and perhaps query_run_concurrency_limit_exceeded."""
    data_rate_code: str = "account_rate_limit_exceeded"
    """Of its 429 at other limits: unknown, and perhaps query_run_rate_limit_exceeded."""
    cap_reason_header: bool = True
    """The cap's 429 carries Stripe-Rate-Limited-Reason; whether Stripe's does is unknown."""
    outside_slots: int = Field(0, ge=0)
    """Slots of every cap that somebody else holds."""

    endpoint_rate_per_s: float = Field(25, ge=0)
    """Per operation and account; 0 is off."""
    rate_per_api: bool = False
    """Each generation's operations have that rate apart; whether at Stripe is unknown."""
    global_rate_test_per_s: float = Field(25, ge=0)
    """Per account in test mode; 0 is off."""
    global_rate_live_per_s: float = Field(100, ge=0)
    """Per account in live mode; 0 is off."""
    endpoint_concurrency: int = Field(0, ge=0)
    """Requests in flight per operation; 0 is off."""
    global_concurrency: int = Field(0, ge=0)
    """Requests in flight per account; 0 is off."""

    run_limit_s: float = Field(90 * 60, gt=0)
    """A run that lives longer fails."""
    result_limit_bytes: int = Field(5_000_000_000, gt=0)
    """A delivered file above this fails the run."""
    engine_error_code: str = "internal_error"
    """Of runs that the engine fails; Stripe's is unknown."""
    timeout_error_code: str = "internal_error"
    """Of runs over the limit; Stripe's is unknown."""
    reporting_canceled: ReportingCanceled = ReportingCanceled.FAILED
    """What a canceled run of the reporting dialect is, which knows no such status: failed, or canceled."""
    canceled_error_code: str = "query_run_canceled"
    """Of those that are failed; made up."""
    data_invalid_sql: DataInvalidSql = DataInvalidSql.REFUSED
    """SQL that is wrong as it stands is refused by the data dialect, or it makes a run that fails: unknown."""
    data_nulls: bool = False
    """In the data dialect what there is nothing to say of is null, and not left out; its types allow both."""

    events: EventsAccess = EventsAccess.LISTED
    """What the list of events answers: its events, none, 403 or 404."""
    destinations: list[ShownDestination] = []
    """A JSON list of event destinations to show; see sandbox/events/destinations.py. None is sent anything."""
    destinations_access: EventsAccess = EventsAccess.LISTED
    """What the list of event destinations answers: these, none, 403 or 404."""
    event_delay: str = "fixed:1"
    """How long after a change its event is listed, as in --duration; or SECONDS."""
    event_updates: bool = False
    """Each end is told as updated, too; whether Stripe does is unknown."""
    event_clock_offset_s: float = Field(0, ge=-86400, le=86400)
    """How far the clock that events are dated by is off."""
    events_page_most: int = Field(100, ge=1)
    """The most that a page of events may hold; Stripe's is unknown."""
    health_delay_s: float | None = Field(None, ge=0)
    """How long after a fault kept an event from being made a health event says so; unset is never."""

    schemas: SchemasAccess = SchemasAccess.LISTED
    """What the list of tables answers: them, 403 for want of the preview or of a permission, or 404."""
    schemas_page_most: int = Field(1000, ge=1)
    """The most that a page of tables may hold."""
    schemas_refreshed_at: datetime | None = None
    """What tables say; unset: data_load_time. Whether Stripe means their data or their description is unknown."""
    made_up_tables: int = Field(0, ge=0, le=100_000)
    """Tables that are listed beside those there are, and that no query finds."""

    webhook: str | None = None
    """A URL to which each event is sent, whosever it is."""
    webhook_secrets: Annotated[list[SecretStr], NoDecode] = Field(default_factory=_new_secret, min_length=1)
    """What webhooks are signed with; several are one that is being rolled. Made up and printed when unset."""
    webhook_envelope: Envelope = Envelope.NONE
    """What its body is wrapped in, for whoever puts it into a queue."""
    webhook_delay: str = "fixed:0.3"
    """How long after a change its event is sent, as in --duration; or SECONDS."""
    webhook_tries: int = Field(3, ge=1, le=20)
    """How often an event is sent to who does not answer 2xx: Stripe's number in a sandbox."""
    webhook_retry_s: float = Field(10, ge=0)
    """Before the second try, and doubled before each further one; Stripe takes hours."""
    webhook_timeout_s: float = Field(10, gt=0)
    """How long an answer may take; Stripe's is unknown."""

    url_lifetime_s: float = Field(300, gt=0)
    """Of a download URL."""
    range_support: bool = False
    """Whether Stripe's file host honours Range is unknown."""
    if_range: bool = True
    """Where Range is honoured: only for the file that If-Range names, as HTTP says; whether Stripe does is unknown."""
    zip_level: int = Field(6, ge=0, le=9)
    """Deflate level of compressed results."""
    zip_sizes: ZipSizes = ZipSizes.DESCRIPTOR
    """Both forms exist in the wild."""
    zip_size_of: ZipSizeOf = ZipSizeOf.ZIP
    """What the size of a zipped result counts; Stripe does not say."""
    csv_encoding: CsvEncoding = CsvEncoding.IDENTITY
    """What happens to a CSV on its way, whatever was asked for; of Stripe's host it is unknown."""
    csv_times: CsvTimes = CsvTimes.MILLISECONDS
    """How results have moments; others were seen elsewhere."""
    inline_values: InlineValues = InlineValues.TEXT
    """What rows in the answer have; unknown."""

    body_check: BodyCheck = BodyCheck.AFTER_PERMISSION
    """When the body of a create is looked at: Stripe's order is unknown."""
    sql_most_bytes: int | None = Field(None, gt=0)
    """A create with a longer text is refused; whether Stripe refuses one is unknown."""
    idempotency_keys: IdempotencyKeys = IdempotencyKeys.HONOURED
    """Whether creates heed the header; the guide of the API says so of all of them, its spec lists no error of it."""
    idempotency_window_s: float = Field(30 * 86400, gt=0)
    """How long a key is remembered."""
    idempotency_race: IdempotencyRace = IdempotencyRace.CONFLICT
    """Two requests, one key, at once."""
    accepted_versions: Annotated[list[str], NoDecode] = [
        "2026-04-22.preview",
        "2026-07-29.preview",
        "2026-09-30.preview",
        "2026-10-14.preview",
    ]
    """Of the Stripe-Version header, for the reporting dialect; stripe==16.1.0b1 and 16.1.0a4 send the last two."""
    accepted_data_versions: Annotated[list[str], NoDecode] = [
        "2026-09-30.preview",
        "2026-10-14.preview",
        "2026-10-28.preview",
    ]
    """The same of what lies under /v2/data and not under /v2/data/reporting; the second is stripe==16.1.0a4's."""
    faults: list[Fault] = []
    """A JSON list; see sandbox/faults.py."""

    @field_validator("event_delay", "webhook_delay", mode="before")
    @classmethod
    def _may_be_seconds(cls, value: object) -> object:
        try:
            return f"fixed:{float(value):g}"  # type: ignore[arg-type] # what is no number is for the next to judge
        except (TypeError, ValueError):
            return value

    @field_validator("duration", "event_delay", "webhook_delay")
    @classmethod
    def _duration_is_readable(cls, text: str) -> str:
        parse_duration(text)
        return text

    @field_validator("data_until", "data_load_time", "refreshed_at", "schemas_refreshed_at")
    @classmethod
    def _moments_are_utc(cls, moment: datetime | RefreshedAt | None) -> datetime | RefreshedAt | None:
        if moment is None or isinstance(moment, RefreshedAt):
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    @field_validator("webhook")
    @classmethod
    def _webhook_is_a_url(cls, url: str | None) -> str | None:
        if url is not None and not re.fullmatch(r"https?://[^/?#\s]+[^\s]*", url):
            raise ValueError(f"{url!r} is no URL; write http://HOST:PORT/PATH")
        return url

    @field_validator("webhook_secrets")
    @classmethod
    def _secrets_look_like_stripes(cls, secrets: list[SecretStr]) -> list[SecretStr]:
        if not all(secret.get_secret_value().startswith("whsec_") for secret in secrets):
            raise ValueError("a secret begins with whsec_")
        return secrets

    @field_validator("accepted_versions", "accepted_data_versions", "no_access", "webhook_secrets", mode="before")
    @classmethod
    def _may_be_a_comma_list(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _only_accounts_that_exist_lack_access(self) -> Self:
        if strangers := set(self.no_access) - set(account_names(self.accounts)):
            raise ValueError(f"no_access: there is no account {', '.join(sorted(strangers))}")
        return self


#: These shape the data set or the process, which exist already when a control request arrives.
FIXED_AT_START = frozenset(
    {"host", "port", "seed", "accounts", "data_scale", "data_until", "engine_threads", "engine_memory_mb", "spool_dir"}
)
