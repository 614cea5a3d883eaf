"""Says an exception to who asked over HTTP: the words of the commands (`cli/exits.py`), and a status of HTTP."""

import logging

from forebay.cli.errors import EmbeddedFailed, PreflightFailed, WorkersDown
from forebay.cli.exits import Exit, report
from forebay.config.errors import ConfigError, SecretError
from forebay.governor.errors import FlowUnknown, GovernorError, NotConnected
from forebay.scheduler.errors import (
    BatchCanceled,
    BatchUnknown,
    BudgetExceeded,
    InputError,
    KeyTaken,
    NothingToReview,
    NotOpened,
    WindowHasRun,
)
from forebay.store.errors import NotSigned, StoreError
from forebay.web.api.readings import RequestProblem
from forebay.web.errors import NothingThere

log = logging.getLogger(__name__)

#: First match wins, so a subclass stands before its base.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (BatchUnknown, 404),
    (FlowUnknown, 409),
    (BatchCanceled, 409),
    (NothingToReview, 409),
    (BudgetExceeded, 409),
    (KeyTaken, 409),
    (WindowHasRun, 409),
    (NotOpened, 503),
    (InputError, 400),
    (SecretError, 409),
    (ConfigError, 400),
    (NotSigned, 409),
    (PreflightFailed, 409),
    (EmbeddedFailed, 503),
    (WorkersDown, 503),
    (NotConnected, 503),
    (GovernorError, 503),
    (StoreError, 503),
)


def problem_of(error: Exception) -> RequestProblem:
    """Says it. A fault of ours is in the log, and its words are nobody's business outside."""
    if isinstance(error, NothingThere):
        return RequestProblem(status=404, kind="unknown", message=str(error))
    said = report(error)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    if said.kind == "internal":
        log.error("a request failed: %s", said.message, exc_info=error, extra={"event": "request_failed"})
        return RequestProblem(
            status=500, kind="internal", message="a fault of Forebay; its log has more", exit_code=Exit.INTERNAL
        )
    return RequestProblem(
        status=status, kind=said.kind, message=said.message, way_out=said.way_out, exit_code=said.exit_code
    )
