"""Says of a batch with which exit code a command would end that follows it, once there is one; None while it goes on.

For whoever asks now and then, as the API's callers do; `follow.py` is for who watches.
"""

from forebay.cli.exits import Exit
from forebay.cli.following.batch_list import BatchStanding
from forebay.cli.output import closings
from forebay.governor.states import Gate
from forebay.scheduler.batches.progress import Progress


def exit_of(standing: BatchStanding) -> Exit | None:
    """Says it; a batch that its closer stopped, and one whose key is refused, stand until somebody does something."""
    if has_ended(standing):
        return closings.end_of(standing.progress, standing.closing)
    progress, stop = standing.progress, standing.stop
    if progress.paused and stop and not stop.resumed and not (progress.held or progress.ready):
        return Exit.SAFETY
    return Exit.AUTH if is_refused(progress) else None


def has_ended(standing: BatchStanding) -> bool:
    """Tells whether all has settled, and is closed where it is to be closed."""
    return standing.progress.done and (standing.closing is not None or not standing.batch.needs_closing)


def is_refused(progress: Progress) -> bool:
    """Tells whether Stripe refuses the key what a batch waits for: what is only fetched needs no create."""
    refusing = {Gate.AUTH, Gate.PERMISSION} if progress.starting else {Gate.AUTH}
    return any(gate.gate in refusing for lane in progress.lanes for gate in lane.gates)
