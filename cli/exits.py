"""Defines the exit codes, and the one table from an exception to its code, its class and the way out.

Whoever knows dbt and gh knows most of them. A service that cannot be reached has
no code of its own: found by a check before the start it is 2, since nothing was submitted and the set-up is to be
mended; later it is 10, since work is under way and a person should look.
"""

import errno
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from forebay.cli import errors as cli
from forebay.config.errors import ConfigError, SecretError
from forebay.events.errors import QueueError, QueueRefused
from forebay.governor.errors import (
    FlowCanceled,
    FlowUnknown,
    GovernorError,
    LayoutMismatch,
    NotConnected,
    RedisUnsuitable,
    WritesRefused,
)
from forebay.landing.errors import LandingError, NotLoadable
from forebay.queryrun.errors import AuthError, QueryRunError
from forebay.scheduler.errors import BudgetExceeded, InputError, KeyTaken, NotDropped, NotOpened, SchedulerError
from forebay.store.errors import Refused, StoreError
from forebay.store.ledger.failures import FailureClass


class Exit(IntEnum):
    """What a command's end means to the shell that called it."""

    OK = 0  # everything landed; also: nothing to do
    SOME_FAILED = 1  # finished, and some runs failed
    USAGE = 2  # usage, spec, input or set-up; nothing was submitted
    CHECKS = 3  # landed, but a check of the data failed: what failed it stays in quarantine
    AUTH = 4  # Stripe refuses the key, or there is none
    STILL_RUNNING = 5  # the wait ended before the work did
    SAFETY = 6  # a budget, a canary or `stop_after` stopped it
    INTERNAL = 10  # a fault of ours, or a service that went away on the way
    HUNG = 11  # a worker was asked to end, and something kept it (`worker/shutdown.py`)
    INTERRUPTED = 130  # SIGINT; the state is kept
    TERMINATED = 143  # SIGTERM; the state is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """An error as people and scripts see it."""

    kind: str
    message: str
    way_out: str = ""
    exit_code: Exit = field(default=Exit.INTERNAL)

    def as_json(self) -> dict[str, Any]:
        """Writes it as scripts read it."""
        return {"class": self.kind, "message": self.message, "next": self.way_out}


#: Without it a person would look at Forebay, which can do nothing but wait.
WRITES_REFUSED = (
    "make room where Redis keeps its data (the embedded one: in the data folder, .forebay); "
    "then all goes on by itself, and what was accepted is not lost"
)

#: What is to be mended where we run, and not in what we are.
_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}
    | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOTDIR, errno.EISDIR}
)
_MACHINE = "see that there is room there, and that this user may read and write it; what was accepted is not lost"

NOT_CONNECTED = "check FOREBAY_REDIS_URL and the network; without it `forebay run` starts a Valkey of its own"

#: First match wins, so a subclass stands before its base.
_TABLE: tuple[tuple[type[Exception], Exit, str, str], ...] = (
    (SecretError, Exit.AUTH, FailureClass.AUTH, ""),
    (ConfigError, Exit.USAGE, "config", ""),
    (InputError, Exit.USAGE, "input", ""),
    (KeyTaken, Exit.USAGE, "key", "take another key, or ask for what was asked under this one"),
    (BudgetExceeded, Exit.SAFETY, "budget", "raise its budget, or wait for 00:00 UTC"),
    (NotOpened, Exit.INTERNAL, "redis", ""),
    (NotDropped, Exit.INTERNAL, "batch", ""),
    (SchedulerError, Exit.USAGE, "batch", ""),
    (FlowUnknown, Exit.USAGE, "batch", "submit its queries again; what has landed stays where it is"),
    (FlowCanceled, Exit.USAGE, "batch", "submit its queries again"),
    (NotConnected, Exit.USAGE, "redis", NOT_CONNECTED),
    (RedisUnsuitable, Exit.USAGE, "redis", ""),
    (LayoutMismatch, Exit.USAGE, "redis", ""),
    (WritesRefused, Exit.INTERNAL, "redis", WRITES_REFUSED),
    (GovernorError, Exit.INTERNAL, "redis", "`forebay doctor` checks it; work that was accepted is not lost"),
    (AuthError, Exit.AUTH, FailureClass.AUTH, ""),
    (QueryRunError, Exit.INTERNAL, FailureClass.PROVIDER, "try again; `forebay doctor` checks the way to Stripe"),
    (NotLoadable, Exit.USAGE, "input", ""),
    (LandingError, Exit.INTERNAL, FailureClass.TRANSFER, FailureClass.TRANSFER.advice),
    (Refused, Exit.USAGE, FailureClass.SINK, "`forebay doctor` checks ledger and destination"),
    (StoreError, Exit.INTERNAL, FailureClass.SINK, "`forebay doctor` checks ledger and destination"),
    (QueueRefused, Exit.USAGE, "queue", "docs/events.md says how a queue is named, found and read"),
    (QueueError, Exit.INTERNAL, "queue", "start it again once AWS answers; looks go on meanwhile"),
    (cli.NotConfirmed, Exit.USAGE, "usage", ""),
    (cli.NotHere, Exit.USAGE, "usage", ""),
    (cli.OtherSettings, Exit.USAGE, "config", ""),
    (cli.WorkersDown, Exit.INTERNAL, "worker", ""),
    (cli.EmbeddedFailed, Exit.INTERNAL, "embedded", ""),
)


def report(error: Exception) -> ErrorReport:
    """Says what to tell of any exception, and how to end."""
    if isinstance(error, cli.PreflightFailed):
        return ErrorReport(kind=error.kind, message=str(error), way_out=error.way_out, exit_code=Exit(error.exit_code))
    for kind, code, name, way_out in _TABLE:
        if isinstance(error, kind):
            return ErrorReport(kind=name, message=str(error), way_out=_own_words(error) or way_out, exit_code=code)
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        words = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return ErrorReport(kind="machine", message=words, way_out=_MACHINE)
    return ErrorReport(
        kind="internal",
        message=f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
        way_out="this is a fault of Forebay; FOREBAY_DEBUG=1 shows where, and the logs folder has the workers' words",
    )


def _own_words(error: Exception) -> str:
    """Asks an exception that knows the way out itself."""
    if isinstance(error, AuthError):
        return error.hint
    return error.way_out if isinstance(error, cli.CliError) else ""
