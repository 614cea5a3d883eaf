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


class ZipSizes(StrEnum):
    """Where a zip says how long its member is; both forms exist in the wild."""

    DESCRIPTOR = "descriptor"  # sizes follow the data, as a server that streams while compressing writes them
    KNOWN = "known"  # sizes stand in the local header
