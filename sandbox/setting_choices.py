"""Lists what can be chosen where Stripe leaves something open: the values of the settings that are words."""

from enum import StrEnum


class CapScope(StrEnum):
    """What one cap counts; Stripe's texts disagree."""

    ACCOUNT = "account"  # the guide: "per account or organization"; the default, and the stricter reading
    ORGANIZATION = "organization"  # everything of one mode shares one cap
    KEY = "key"  # the OpenAPI description: "an API key has reached its limit"


class RefreshedAt(StrEnum):
    """Which data a run of the data dialect says that it saw, where no moment is given."""

    DATA_LOAD_TIME = "data_load_time"  # those of data_load_time, when it was created
    ABSENT = "absent"  # not told: the field is optional


class ReportingCanceled(StrEnum):
    """What becomes of a run that is canceled in the reporting dialect, whose documents know no such status."""

    FAILED = "failed"  # it fails with a code of its own
    CANCELED = "canceled"  # a status that the dialect's enum, which is open, does not list


class BodyCheck(StrEnum):
    """When the body of a create is looked at: Stripe's order is unknown. A bad key is told before it always."""

    AFTER_PERMISSION = "after_permission"  # who may not create is told so, whatever is sent
    BEFORE_PERMISSION = "before_permission"  # once it is known that the key may speak for the account
    BEFORE_ACCESS = "before_access"  # before all that a 403 says


class DataInvalidSql(StrEnum):
    """What SQL meets in the data dialect that is wrong as it stands; a run's codes there have query_run_invalid_sql."""

    REFUSED = "refused"  # 400 at the create, as in the reporting dialect
    FAILED = "failed"  # a run, which fails with that code


class EventsAccess(StrEnum):
    """What GET /v2/core/events answers, and GET /v2/core/event_destinations."""

    LISTED = "listed"  # what there is
    EMPTY = "empty"  # 200 and never one: whether these types are listed without a destination is unknown
    FORBIDDEN = "forbidden"  # 403: which permission a restricted key needs is unknown
    MISSING = "missing"  # 404


class SchemasAccess(StrEnum):
    """What GET /v2/data/schemas answers."""

    LISTED = "listed"  # the tables there are
    DISABLED = "disabled"  # 403: the account is not in the preview; Stripe's words for it are unknown
    FORBIDDEN = "forbidden"  # 403: the key lacks data_queries_read
    MISSING = "missing"  # 404: where the account has no preview, the URL may not be there at all


class Envelope(StrEnum):
    """What a webhook's body is wrapped in, for whoever puts it into a queue."""

    NONE = "none"  # the event itself
    EVENT_BRIDGE = "event_bridge"
    SNS = "sns"  # around EventBridge's
    CLOUD_EVENT = "cloud_event"  # Event Grid's
    CLOUD_EVENTS = "cloud_events"  # the same in a list of one


class IdempotencyRace(StrEnum):
    """What becomes of two requests at once with one key."""

    CONFLICT = "conflict"  # the second of two simultaneous requests gets 409 idempotency_conflict
    WAIT = "wait"  # the second waits for the first and replays it


class IdempotencyKeys(StrEnum):
    """Whether a create heeds the header Idempotency-Key."""

    HONOURED = "honoured"  # as the v2 API says of every POST
    IGNORED = "ignored"  # each create is executed: the public spec lists no error of a key for these


class OrganizationColumn(StrEnum):
    """What the column is called that says whose a row is, where an organization asks all of its accounts."""

    ACCOUNT = "account"  # the guide of query runs
    MERCHANT_ID = "merchant_id"  # the guide of contexts


class CsvEncoding(StrEnum):
    """What the host of files does to a CSV on its way, whatever encoding was asked for."""

    IDENTITY = "identity"  # nothing
    GZIP = "gzip"  # as a proxy in front of it may


class CsvTimes(StrEnum):
    """How moments stand in a result; of Stripe's only the first has been seen."""

    MILLISECONDS = "milliseconds"  # 2026-01-02 03:04:05.678
    SECONDS = "seconds"  # 2026-01-02 03:04:05
    NANOSECONDS = "nanoseconds"  # 2026-01-02 03:04:05.678000000
    ZULU = "zulu"  # 2026-01-02T03:04:05.678Z
    OFFSET = "offset"  # 2026-01-02 03:04:05.678+00:00


class InlineValues(StrEnum):
    """What values are in rows that stand in the answer; the types of Stripe's clients leave it open."""

    TEXT = "text"  # as in the file
    NATIVE = "native"  # whole and broken numbers and booleans are JSON's; decimals, which JSON would round, are text


class ZipSizeOf(StrEnum):
    """What `size` of a zipped result counts."""

    ZIP = "zip"  # what is delivered
    CSV = "csv"  # what is in it


class ZipSizes(StrEnum):
    """Where a zip says how long its member is; both forms exist in the wild."""

    DESCRIPTOR = "descriptor"  # sizes follow the data, as a server that streams while compressing writes them
    KNOWN = "known"  # sizes stand in the local header
