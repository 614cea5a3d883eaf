"""Names what a caller may be told; each class is one exit code of the command `forebay`, and the type says what to do.

    ForebayError
    ├── BatchFailed         1   it finished, and some runs failed: `.failures`, `batch.retry()`
    ├── InputRefused        2   usage, spec, input or set-up; nothing was submitted
    │   ├── NotFound            what was named is not there
    │   └── KeyTaken            the key belongs to a batch of other content
    ├── ChecksFailed        3   it landed, and failed a check of the data; what failed it stays in quarantine
    ├── AuthRefused         4   Stripe refuses the key or there is none, or the server does not let the caller in
    ├── StillRunning        5   the wait ended before the work did; nothing was canceled. A `TimeoutError`, too
    ├── SafetyStop          6   a budget, a canary or `stop_after` stopped it: nothing moves before a person decides
    └── ServiceFault        10  a fault of Forebay's, or a service that went away; what was accepted is not lost
        └── Unreachable         the server did not answer; the same call may be made again

The other exit codes are of processes and not of batches: 11 is a worker's, 130 is `KeyboardInterrupt`, 143 is a signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from forebay_client.batch_results import BatchStatus, FailureCause


#: Classes of failed runs that the same SQL very likely meets again, so that taking them up only spends QueryRuns.
HOPELESS = frozenset({"sql", "request", "too_big", "too_long"})


class ForebayError(Exception):
    """Root of what the client raises.

    `kind` is the class that the commands name (`input`, `budget`, `redis`), and `way_out` says how to go on. `batch` is
    how a batch stood, where one is concerned. `may_try_again`: the same may be answered otherwise in a moment.
    """

    exit_code: ClassVar[int] = 10

    def __init__(
        self,
        message: str,
        *,
        kind: str = "",
        way_out: str = "",
        batch: BatchStatus | None = None,
        may_try_again: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.way_out = way_out
        self.batch = batch
        self.may_try_again = may_try_again

    def __str__(self) -> str:
        """Says what happened, and the way out."""
        message = super().__str__()
        return f"{message} ({self.way_out})" if self.way_out else message

    @property
    def failures(self) -> Sequence[FailureCause]:
        """Lists why runs failed, each cause once; empty where it is not about a batch."""
        return self.batch.failures if self.batch else ()

    @property
    def another_try_may_help(self) -> bool:
        """Says whether a task that asks the same once more may end otherwise: what orchestrators go by.

        A wait was too short, a service was away, runs failed that may land when they are taken up. A query that is
        wrong or too slow, a check that failed, a budget, a key, a spec and somebody's `cancel` want a person.
        """
        return self.may_try_again


class BatchFailed(ForebayError):
    """Raised when a batch finished and some of its runs did not land."""

    exit_code = 1

    @property
    def another_try_may_help(self) -> bool:
        """Says so unless it was canceled, or all that failed would fail again."""
        canceled = self.batch is not None and self.batch.state == "canceled"
        return not canceled and any(each.error_class not in HOPELESS for each in self.failures)


class InputRefused(ForebayError):
    """Raised when what was asked for cannot be done as it is written; nothing was submitted."""

    exit_code = 2


class NotFound(InputRefused):
    """Raised when there is no such batch, run, extract or account."""


class KeyTaken(InputRefused):
    """Raised when a key was used before for something else: nothing was submitted, and the first batch stays."""


class ChecksFailed(ForebayError):
    """Raised when a batch landed and failed a check."""

    exit_code = 3


class AuthRefused(ForebayError):
    """Raised when Stripe refuses the key, or the server does not let this caller in."""

    exit_code = 4


class StillRunning(ForebayError, TimeoutError):
    """Raised when the wait was over before the work was, which goes on."""

    exit_code = 5
    another_try_may_help = True


class SafetyStop(ForebayError):
    """Raised when something that guards against waste stopped the work."""

    exit_code = 6


class ServiceFault(ForebayError):
    """Raised when Forebay, or something that it needs, failed. What was accepted is not lost."""

    exit_code = 10
    another_try_may_help = True


class Unreachable(ServiceFault):
    """Raised when nobody answered in time."""


#: By exit code.
CLASSES: dict[int, type[ForebayError]] = {
    each.exit_code: each
    for each in (BatchFailed, InputRefused, ChecksFailed, AuthRefused, StillRunning, SafetyStop, ServiceFault)
}
