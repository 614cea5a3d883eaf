"""Decides what goes wrong, and when: one table of faults, and the book that says whether one strikes.

A fault is set at start (`--faults`) or at run time (`POST /sandbox/control`). The places that can suffer ask
`FaultBook.strike` for the names they know; everything about *when* is here, everything about *what happens* is
where it happens (api.py for answers, downloads.py for bodies, lifecycle.py for runs, events/ for events and webhooks).
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from forebay.sandbox.apis import SandboxApi


class FaultName(StrEnum):
    """What can be made to go wrong."""

    # Answers of the API (operations create, retrieve, list_events, retrieve_event, list_schemas, retrieve_schema).
    DROP_REQUEST = "drop_request"  # the connection is cut before anything happens
    DROP_REPLY = "drop_reply"  # executed in full, then the connection is cut without an answer
    SERVER_ERROR = "server_error"  # `status` (500) before anything happens
    ERROR_AFTER = "error_after"  # executed in full, then answered with `status` (500)
    SLOW = "slow"  # `delay_s` before anything happens; works for downloads too
    RATE_LIMITED = "rate_limited"  # 429 with `reason`; no reason gives a 429 without the header
    CAP_REACHED = "cap_reached"  # the cap's own 429, though there is room
    UNAUTHORIZED = "unauthorized"  # 401
    FORBIDDEN = "forbidden"  # 403: query_run_api_inaccessible, or permission_denied where it is about events
    WRONG_SIZE = "wrong_size"  # `size` is off by `bytes` (1); on retrieve
    WRONG_ROW_COUNT = "wrong_row_count"  # `row_count` is off by `rows` (1); on retrieve in the data dialect
    NO_ROW_COUNT = "no_row_count"  # neither `row_count` nor `col_count`, which are optional; as wrong_row_count
    ODD_STATUS = "odd_status"  # `shown` ("queued") and no more, whatever became of it; on create and retrieve
    ODD_COLUMN_TYPE = "odd_column_type"  # the first column is of type `shown` ("geometry"); as wrong_row_count
    URL_EXPIRED = "url_expired"  # the URL is born expired; on retrieve
    DOUBLED = "doubled"  # the request arrives twice, and the second answer is sent; on create
    OTHER_RUN = "other_run"  # answered with another run than the one asked for; on retrieve
    # Answers of the API and bodies alike.
    DRIP = "drip"  # a byte every `delay_s`
    ENDLESS = "endless"  # goes on for as long as it is read
    GZIP_BOMB = "gzip_bomb"  # Content-Encoding: gzip, and each kilobyte is a megabyte, without end
    HTML = "html"  # 200, with the page of some portal
    # Pages of lists (operations list_events and list_schemas; what is shuffled or huge are events only).
    PAGE_EMPTY = "page_empty"  # 200 with nothing in it, whatever there is
    PAGE_SHUFFLED = "page_shuffled"  # its events in any order
    PAGE_ENDLESS = "page_endless"  # the last page leads to the first
    PAGE_HUGE = "page_huge"  # the limit is not kept: up to 2000 events
    PAGE_ELSEWHERE = "page_elsewhere"  # next_page_url leads to another host
    # Events (operation event).
    EVENT_MISSING = "event_missing"  # never made: neither listed nor pushed
    EVENT_LATE = "event_late"  # comes `delay_s` later than the others
    EVENT_DOUBLED = "event_doubled"  # twice, with one id
    EVENT_TWIN = "event_twin"  # two events of two ids for one change
    EVENT_AS_UPDATED = "event_as_updated"  # told as `updated`, whatever happened
    EVENT_WITHOUT_OBJECT = "event_without_object"  # no `related_object`
    EVENT_WITHOUT_REASON = "event_without_reason"
    # Deliveries to the webhook (operation webhook). What is hostile comes beside the true event, and once.
    WEBHOOK_LOST = "webhook_lost"  # never sent, though the event is listed
    WEBHOOK_LATE = "webhook_late"  # `delay_s` later than the others, which overtake it
    WEBHOOK_DOUBLED = "webhook_doubled"  # sent twice, each signed for itself
    WEBHOOK_REPLAYED = "webhook_replayed"  # the same bytes and signature again, `delay_s` later
    WEBHOOK_FORGED = "webhook_forged"  # an event that was made up, signed with another secret
    WEBHOOK_TAMPERED = "webhook_tampered"  # another body than the one that was signed
    WEBHOOK_STALE = "webhook_stale"  # signed `skew_s` ago
    WEBHOOK_FUTURE = "webhook_future"  # signed `skew_s` ahead
    WEBHOOK_NONSENSE = "webhook_nonsense"  # well signed, and no event
    WEBHOOK_OVERSIZED = "webhook_oversized"  # well signed, and 2 MiB long
    # Runs (operation run).
    FAIL_RUN = "fail_run"  # ends as failed with `error_code`
    CANCEL_RUN = "cancel_run"  # ends as canceled
    STALL_RUN = "stall_run"  # stays running until the run limit
    OTHER_DECIMALS = "other_decimals"  # two more digits in each decimal of its result
    OTHER_ORDER = "other_order"  # its records the other way round
    OTHER_VALUE = "other_value"  # another last digit in its first record
    # Bodies (operation download).
    TRUNCATED = "truncated"  # Content-Length promises all, the connection closes after `percent` (50)
    RESET = "reset"  # the same with a TCP reset
    EXPIRES_MIDWAY = "expires_midway"  # the same, and the URL is refused from then on
    SHORT_BODY = "short_body"  # a well-formed answer that lacks its last `bytes` (1)
    CORRUPT_BYTE = "corrupt_byte"  # one bit in the middle is flipped, the length stays
    DOWNLOAD_ERROR = "download_error"  # `status` (500) from the file host


class Operation(StrEnum):
    """Where a fault can strike."""

    CREATE = "create"
    RETRIEVE = "retrieve"
    LIST_EVENTS = "list_events"
    RETRIEVE_EVENT = "retrieve_event"
    LIST_SCHEMAS = "list_schemas"
    LIST_DESTINATIONS = "list_destinations"
    RETRIEVE_SCHEMA = "retrieve_schema"
    RUN = "run"  # no request: a run on its way to its end
    EVENT = "event"  # no request: what happened to a run becomes known
    WEBHOOK = "webhook"  # no request that came: an event is sent
    DOWNLOAD = "download"


class Fault(BaseModel):
    """One fault and its trigger. Without any trigger it strikes every time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: FaultName
    operation: Operation | None = None
    """Only this operation; unset is all that know the fault."""
    event_type: str | None = None
    """Only events whose type ends so: `succeeded`, say."""
    api: SandboxApi | None = None
    """Only runs of this generation; for faults of runs."""
    probability: float = Field(1.0, ge=0, le=1)
    times: int | None = Field(None, ge=1)
    """Strike that often, then never again."""
    nth: int | None = Field(None, ge=1)
    """Strike only at the nth candidate since the fault was set."""
    after_s: float = Field(0, ge=0)
    """Not before this many seconds since the fault was set."""
    delay_s: float = Field(1, ge=0)
    skew_s: float = Field(600, ge=0)
    status: int = Field(500, ge=400, le=599)
    reason: str | None = None
    error_code: str = "internal_error"
    shown: str | None = Field(None, min_length=1)
    bytes: int = Field(1, ge=1)
    rows: int = 1
    percent: float = Field(50, ge=0, le=100)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    set_at_s: float
    candidates: int = 0
    struck: int = 0

    def strikes(self, now_s: float, dice: random.Random) -> bool:
        fault = self.fault
        self.candidates += 1
        if now_s - self.set_at_s < fault.after_s:
            return False
        if fault.times is not None and self.struck >= fault.times:
            return False
        if fault.nth is not None and self.candidates != fault.nth:
            return False
        if fault.probability < 1 and dice.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class FaultBook:
    """The faults that are set, and how often each has struck."""

    def __init__(self, faults: Sequence[Fault], *, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._dice = random.Random(seed)
        self._clock = clock
        self._armed = [_Armed(fault, clock()) for fault in faults]

    def strike(
        self, operation: Operation, *names: FaultName, about: str = "", api: SandboxApi | None = None
    ) -> Fault | None:
        """Finds the first fault among `names` that strikes this operation now; None if none does.

        `about` is the type of an event that might suffer, `api` the generation of a run.
        """
        for armed in self._armed:
            fault = armed.fault
            if fault.name not in names or fault.operation not in (None, operation):
                continue
            if fault.event_type and not about.endswith(fault.event_type):
                continue
            if fault.api not in (None, api):
                continue
            if armed.strikes(self._clock(), self._dice):
                return fault
        return None

    def struck(self) -> dict[str, int]:
        """Counts how often faults of each name have struck."""
        totals: dict[str, int] = {}
        for armed in self._armed:
            totals[armed.fault.name] = totals.get(armed.fault.name, 0) + armed.struck
        return totals
