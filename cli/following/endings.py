"""How following a batch ends: what is said, what is stopped or left running, and the exit code."""

import signal
from dataclasses import dataclass
from typing import Any

from forebay.cli.deployment import Deployment
from forebay.cli.errors import WorkersDown
from forebay.cli.exits import Exit, Problem
from forebay.cli.following.follow import Audience, End, Follower, Look
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output import closings, events, summary, words
from forebay.cli.output.console import Manner
from forebay.governor.states import Gate
from forebay.store.failures import FailureClass
from forebay.store.records import Batch

#: After the first Ctrl-C: how long a second one can still stop the local work.
SECOND_CTRL_C_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The exit code, and what a person or a script should know and do."""

    exit_code: Exit
    message: str = ""
    way_out: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    """More than one way out: what each is for, and how."""
    finished: bool = False
    """The batch is done, so its summary says all."""


def follow_to_end(
    here: Deployment,
    batch: Batch,
    manner: Manner,
    *,
    timeout_s: float | None,
    tell_past: bool = True,
    may_detach: bool = True,
) -> Exit:
    """Follows a batch, and ends the command as its end demands."""
    interrupts = Interrupts()
    audience = manner.audience(batch)
    follower = Follower(here, batch, audience, timeout_s=timeout_s, tell_past=tell_past)
    with interrupts.listening():
        try:
            end = _follow(here, follower, audience, interrupts)
            if end is End.INTERRUPTED and not may_detach:
                here.stop_work()
                audience.close()
                manner.remark("Stopped.")
                return Exit.INTERRUPTED
            ending = _ending(here, batch, manner, follower.last, end, interrupts)
        finally:
            audience.close()
    _say(here, batch, manner, follower, ending)
    return ending.exit_code


def _follow(here: Deployment, follower: Follower, audience: Audience, interrupts: Interrupts) -> End:
    try:
        return follower.follow(interrupts)
    except WorkersDown:
        here.stop_work()  # they would be started again and again for nobody
        raise
    finally:
        audience.close()


def _ending(
    here: Deployment, batch: Batch, manner: Manner, look: Look | None, end: End, interrupts: Interrupts
) -> Ending:
    come_back = f"forebay watch {batch.id}"
    match end:
        case End.DONE:
            return Ending(exit_code=_done(look), finished=True)
        case End.STOPPED:
            reason = look.stop.reason if look and look.stop else ""
            ways = closings.ways_on(batch, look.stop if look else None)
            return Ending(exit_code=Exit.SAFETY, message=f"Stopped: {reason}.", ways=ways)
        case End.TIMEOUT:
            return Ending(
                exit_code=Exit.STILL_RUNNING, message="The wait is over; the work goes on.", way_out=come_back
            )
        case End.REFUSED:
            return _refused(here, look, come_back)
        case End.INTERRUPTED:
            return _interrupted(here, manner, come_back, interrupts)
        case End.TERMINATED:
            return Ending(exit_code=Exit.TERMINATED, message="Terminated; the work goes on.", way_out=come_back)


def _done(look: Look | None) -> Exit:
    if look and look.closing:
        return closings.exit_code(look.closing)
    fine = look is not None and look.progress.landed == look.progress.size
    return Exit.OK if fine else Exit.SOME_FAILED


def _refused(here: Deployment, look: Look | None, come_back: str) -> Ending:
    """Nothing failed for it: the runs wait. Local workers would only wait too, and with the old key."""
    reasons = {gate.reason for _, gate in look.gates if gate.gate is Gate.AUTH} if look else set()
    here.stop_work()
    return Ending(
        exit_code=Exit.AUTH,
        message=f"Stripe refuses the key. {' '.join(sorted(reasons))}\nNo run failed for it: the batch waits.",
        way_out=f"mend the key (`forebay doctor` checks it), then go on with: {come_back}",
    )


def _interrupted(here: Deployment, manner: Manner, come_back: str, interrupts: Interrupts) -> Ending:
    if not here.attached:
        return Ending(
            exit_code=Exit.INTERRUPTED, message="Detached; the deployment's workers go on.", way_out=come_back
        )
    manner.remark(
        f"Detached: the work goes on in the background. Come back with: {come_back}\n"
        f"Ctrl-C again within {SECOND_CTRL_C_S:.0f} s stops the work on this machine too."
    )
    if interrupts.wait(SECOND_CTRL_C_S) != signal.SIGINT:
        # Said already, to whom it was of use.
        return Ending(exit_code=Exit.INTERRUPTED, message="" if not manner.as_json else "Detached.", way_out=come_back)
    manner.remark("Stopping the workers of this machine …")
    here.stop_work()
    return Ending(
        exit_code=Exit.INTERRUPTED,
        message="Stopped here. Stripe goes on with what it has started; nothing of it is lost, and nothing runs twice.",
        way_out=come_back,
    )


def _say(here: Deployment, batch: Batch, manner: Manner, follower: Follower, ending: Ending) -> None:
    look = follower.last
    if manner.as_json:
        events.emit(result(batch, look, ending))
    elif ending.finished and look:
        summary.show(look, here.ledger, whole=follower.tell_past)
    elif ending.message:
        standing = f"\nSo far {look.progress.landed} of {words.runs(look.progress.size)} landed." if look else ""
        ways = [f"  {what:<9}{how}" for what, how in ending.ways] or [f"Go on: {ending.way_out}"]
        manner.remark("\n".join((f"{ending.message}{standing}", *ways)))


def result(batch: Batch, look: Look | None, ending: Ending) -> dict[str, Any]:
    """The `result` event."""
    said: dict[str, Any] = {"event": "result", "schema": events.SCHEMA, "exit": int(ending.exit_code)}
    said |= {"batch": batch.id, "output": f"{batch.output.rstrip('/')}/{batch.id}/"}
    if look:
        said |= {"runs": look.progress.size, "elapsed_s": round(look.elapsed_s, 3), **events.counts(look)}
        said |= closings.facts(look.closing)
    if ending.exit_code is Exit.AUTH:
        kind = Problem(
            kind=FailureClass.AUTH, message=ending.message, way_out=ending.way_out, exit_code=ending.exit_code
        )
        said["error"] = kind.as_json()
    elif ending.way_out or ending.ways:
        said["next"] = ending.way_out or "; ".join(f"{what}: {how}" for what, how in ending.ways)
    if ending.exit_code is Exit.SAFETY and not ending.finished:
        said["stopped"] = ending.message
    return said
