"""Says what keeps work from getting on, as every mode shows it: a display's line, a plain line, an event.

Found by `cli/following/causes.py`. Of a cause that comes and goes people are told once that it is there, and once that
it is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from forebay.scheduler.closing.grouping import without_ids

#: One that was not seen for so long is over: a gate that opens for a single probe is not.
OVER_AFTER_S = 5.0


class CauseKind(StrEnum):
    """What kind of cause it is; the value is what scripts compare."""

    AWAY = "away"  # Redis or the ledger does not answer
    REFUSES_WRITES = "refuses_writes"  # Redis answers, and takes nothing: its disk or memory is full
    BATCH_LOST = "batch_lost"  # Redis does not know a batch that the ledger says is not settled
    LANE_UNREADABLE = "lane_unreadable"  # another release wrote what Redis holds of a lane
    UNRECONCILED = "unreconciled"  # Redis is new or older than it was: its lane waits for the ledger
    OVER_CAP = "over_cap"  # more may be alive than the cap allows: it was lowered, or Redis forgot some of it
    NO_WORKER = "no_worker"  # nobody works
    WORKER_STUCK = "worker_stuck"  # a worker says that it cannot work
    KEY_REFUSED = "key_refused"  # Stripe refuses the key
    CAP_FULL = "cap_full"  # Stripe refuses more runs
    THROTTLED = "throttled"  # Stripe asks for fewer requests
    LANE_PAUSED = "lane_paused"  # a person paused the lane
    EXTRACT_PAUSED = "extract_paused"  # a person paused the extract
    BATCH_PAUSED = "batch_paused"  # a person or its closer paused the batch
    CANARY = "canary"  # its first run goes alone
    CANCELING = "canceling"  # what Stripe still runs goes on to its end
    BUDGET = "budget"  # the runs that a definition may begin today are taken
    CLOSING = "closing"  # all has settled, and is checked and published
    CLOSING_PUT_OFF = "closing_put_off"  # a batch cannot be checked or published
    RETRYING = "retrying"  # steps of single runs break again and again
    SLOTS_TAKEN = "slots_taken"  # other batches hold all slots
    AT_STRIPE = "at_stripe"  # Stripe has ended none of the runs for a while
    UNKNOWN = "unknown"  # nothing has changed for a while, and nothing says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why work does not get on, and what to do about it."""

    kind: CauseKind
    message: str
    lane: str = ""
    detail: str = ""
    """What changes while it lasts: since when, how often."""
    way_out: str = ""

    @property
    def line(self) -> str:
        """Writes it for people."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.message}{detail}" + (f" → {self.way_out}" if self.way_out else "")

    @property
    def identity(self) -> tuple[str, str, str]:
        """Is the same for as long as it is the same cause."""
        return self.kind, self.lane, without_ids(self.message)


class News:
    """What is new of causes, and what is over: for who tells each once."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], tuple[Cause, float]] = {}

    def begun(self, causes: Iterable[Cause], elapsed_s: float) -> Iterator[Cause]:
        """Yields those of which nobody was told yet."""
        for cause in causes:
            if cause.identity not in self._told:
                yield cause
            self._told[cause.identity] = (cause, elapsed_s)

    def over(self, elapsed_s: float) -> Iterator[Cause]:
        """Yields those that were told, and have not been seen for a while."""
        gone = [key for key, (_, seen_s) in self._told.items() if elapsed_s - seen_s > OVER_AFTER_S]
        for key in gone:
            yield self._told.pop(key)[0]
