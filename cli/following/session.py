"""Follows a batch for the user of a command, and ends the command as the end demands: told, stopped or left running.

`run`, `watch` and `demo` are sessions. The loop is `follow.py`; what is told at the end is `output/ending.py`.
"""

import signal
from collections.abc import Sequence

from forebay.cli.deployment import Deployment
from forebay.cli.errors import WorkersDown
from forebay.cli.exits import Exit
from forebay.cli.following.follow import End, Follower, follow
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output import closings, events, summary
from forebay.cli.output.audience import Audience
from forebay.cli.output.console import Manner
from forebay.cli.output.ending import Ending
from forebay.governor.states import Gate
from forebay.store.ledger.records import Batch

#: After the first Ctrl-C: how long a second one can still stop the local work.
SECOND_CTRL_C_S = 3.0


class Session:
    """A batch, and how its user wants to see it.

    `tell_past`: it is new, so all of it is told, and its time is known. `may_detach`: it goes on without the command.
    `left_out`: so much of what was asked for is not in the batch, and the command ends as if that had failed.
    `beside`: other batches that are followed with it. `come_back`: what goes on with it later; `watch`, if nothing else
    does. `sums_up`: a batch that is done is told as a whole; else somebody else does that.
    """

    def __init__(
        self,
        deployment: Deployment,
        batch: Batch,
        manner: Manner,
        *,
        tell_past: bool = True,
        may_detach: bool = True,
        left_out: int = 0,
        beside: Sequence[Batch] = (),
        come_back: str = "",
        sums_up: bool = True,
    ) -> None:
        self._deployment = deployment
        self._batches = (batch, *beside)
        self._manner = manner
        self._tell_past = tell_past
        self._may_detach = may_detach
        self._left_out = left_out
        self._interrupts = Interrupts()
        self._come_back = come_back or f"forebay watch {batch.id}"
        self._sums_up = sums_up

    def follow(self, timeout_s: float | None = None) -> Exit:
        """Returns the command's exit code, once all is told. Raises `WorkersDown`."""
        audience = self._manner.audience()
        followers = [
            Follower(self._deployment, batch, audience, timeout_s=timeout_s, tell_past=self._tell_past)
            for batch in self._batches
        ]
        with self._interrupts.listening():
            follower, end = self._end(followers, audience)
            ending = self._ending(follower, end)
        if self._sums_up or not ending.finished:
            self._tell(follower, ending)
        return ending.exit_code

    def _end(self, followers: Sequence[Follower], audience: Audience) -> tuple[Follower, End]:
        try:
            return follow(followers, self._interrupts)
        except WorkersDown:
            self._deployment.stop_work()  # they would be started again and again for nobody
            raise
        finally:
            audience.close()

    def _ending(self, follower: Follower, end: End) -> Ending:
        last = follower.last
        match end:
            case End.DONE:
                exit_code = closings.end_of(last.progress, last.closing) if last else Exit.SOME_FAILED
                if exit_code is Exit.OK and self._left_out:
                    exit_code = Exit.SOME_FAILED
                return Ending(exit_code=exit_code, finished=True)
            case End.STOPPED:
                stop = last.stop if last else None
                reason = stop.reason if stop else ""
                ways = closings.ways_on(follower.batch, stop)
                return Ending(exit_code=Exit.SAFETY, message=f"Stopped: {reason}.", ways=ways)
            case End.TIMEOUT:
                on = self._goes_on(follower, "the work goes on")
                return self._later(Exit.STILL_RUNNING, f"The wait is over; {on}.")
            case End.REFUSED:
                return self._refused(follower)
            case End.INTERRUPTED:
                return self._interrupted(follower)
            case End.TERMINATED:
                return self._later(Exit.TERMINATED, f"Terminated; {self._goes_on(follower, 'the work goes on')}.")

    def _later(self, exit_code: Exit, message: str) -> Ending:
        return Ending(exit_code=exit_code, message=message, way_out=self._come_back)

    def _goes_on(self, follower: Follower, usually: str) -> str:
        """Says what happens without us: nothing, where something is in the way."""
        if follower.absence.why:
            return follower.absence.why
        last = follower.last
        return last.causes[0].line if last and last.causes else usually

    def _refused(self, follower: Follower) -> Ending:
        """Stops local workers, which would only wait too, and with the old key. Nothing failed: the runs wait."""
        gates = follower.last.gates if follower.last else ()
        reasons = {gate.reason for _, gate in gates if gate.gate in (Gate.AUTH, Gate.PERMISSION)}
        self._deployment.stop_work()
        return Ending(
            exit_code=Exit.AUTH,
            message=f"Stripe refuses the key. {' '.join(sorted(reasons))}\nNo run failed for it: the batch waits.",
            way_out=f"mend the key (`forebay doctor` checks it), then go on with: {self._come_back}",
        )

    def _interrupted(self, follower: Follower) -> Ending:
        if not self._may_detach:
            self._deployment.stop_work()
            return Ending(exit_code=Exit.INTERRUPTED, message="Stopped.")
        if not self._deployment.attached:
            on = self._goes_on(follower, "the deployment's workers go on")
            return self._later(Exit.INTERRUPTED, f"Detached; {on}.")
        self._manner.remark(
            f"Detached: the work goes on in the background. Come back with: {self._come_back}\n"
            f"Ctrl-C again within {SECOND_CTRL_C_S:.0f} s stops the work on this machine too."
        )
        if self._interrupts.wait(SECOND_CTRL_C_S) != signal.SIGINT:
            # A person was told already, when it was of use.
            return self._later(Exit.INTERRUPTED, "Detached." if self._manner.as_json else "")
        self._manner.remark("Stopping the workers of this machine …")
        self._deployment.stop_work()
        return self._later(
            Exit.INTERRUPTED,
            "Stopped here. Stripe goes on with what it has started; nothing of it is lost, and nothing runs twice.",
        )

    def _tell(self, follower: Follower, ending: Ending) -> None:
        if self._manner.as_json:
            events.result(ending.exit_code, **ending.facts(follower.batch, follower.last))
        elif ending.finished and follower.last:
            summary.show(follower.last, self._deployment.ledger, whole=self._tell_past)
        elif ending.message:
            self._manner.remark(ending.text(follower.last))
