"""Checks what keeps lanes and closings from getting on: rows of `doctor`, in the words of `lanes` and `watch`."""

from collections.abc import Iterator

from forebay.cli.deployment import Deployment
from forebay.cli.following.causes import put_off_cause
from forebay.cli.following.evidence import lanes_causes
from forebay.cli.output.cause import Cause, CauseKind
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, stands_still
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.errors import GovernorError

#: While these last nothing begins.
_STOPPING = frozenset({CauseKind.LANE_PAUSED, CauseKind.KEY_REFUSED, CauseKind.LANE_UNREADABLE, CauseKind.OVER_CAP})


def moving(deployment: Deployment) -> Iterator[CheckResult]:
    """Says what holds up each lane, what runs stumble over, and what cannot be closed; nothing, where all get on."""
    try:
        causes = lanes_causes(deployment.reader.view)
        causes += [put_off_cause(*each) for each in ClosingQueue(deployment.redis).troubles().items()]
    except GovernorError as error:
        yield CheckResult(check="moving", verdict=CheckVerdict.WARNING, message=f"unknown: {error}")
        return
    for cause in causes:
        if cause.kind is not CauseKind.UNRECONCILED:  # which has a row of its own
            yield _row(cause)


def _row(cause: Cause) -> CheckResult:
    message = cause.message + (f" ({cause.detail})" if cause.detail else "")
    if cause.kind in _STOPPING:
        return stands_still("moving", message, way_out=cause.way_out)
    return CheckResult(check="moving", verdict=CheckVerdict.WARNING, message=message, way_out=cause.way_out)
