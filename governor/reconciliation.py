"""Makes a lane what the ledger says, after a Redis that is new or older than it was: what was lost is brought back.

Called by whoever reconciles (`scheduler/batches/reconciling.py`), which says in which order. Each change is one script.
"""

from collections.abc import Collection, Iterable, Sequence

from forebay.governor.contract import Remembered
from forebay.governor.errors import FlowUnknown
from forebay.governor.keys import LaneKeys
from forebay.governor.lane_scripts import LaneScripts, standing_fields
from forebay.governor.redis_client import Client
from forebay.governor.states import RunState, pack


class Reconciliation:
    """The scripts by which one lane is reconciled. Thread safe."""

    def __init__(self, client: Client, lane: str) -> None:
        self._scripts = LaneScripts(client, LaneKeys(lane))

    def unreconciled(self) -> str | None:
        """Names the reconciliation with the ledger that the lane waits for; None if it waits for none.

        A lane waits for one when it is new, and when its data is not what this server had since it started. Until it
        is `reconciled` nothing is granted, and no create is sent; polls and downloads go on.
        """
        return self._scripts.unreconciled()

    def reconciled(self, reconciliation_id: str) -> bool:
        """Ends the reconciliation that `unreconciled` named before it began, and fills the slots.

        False if Redis was emptied or put back since, or if somebody else ended it: ask `unreconciled` again.
        """
        return self._scripts.reconciled(reconciliation_id=reconciliation_id)

    def restore_flow(self, flow: str, remembered: Remembered) -> bool:
        """Opens a flow that Redis lost, or never had; False if Redis knows it, and nothing is changed."""
        states, attempts, query_runs = remembered.states, remembered.attempts, remembered.query_runs
        cursor = max(_tail(states), max((*attempts, *query_runs), default=-1) + 1)
        waiting = (index for index in range(cursor) if not states[index].settled)
        return self._scripts.restore_flow(
            flow=flow,
            states=pack(states),
            requeued=",".join(f"{index}|{attempts.get(index, 0)}|{query_runs.get(index, '')}" for index in waiting),
            fields={
                "size": remembered.size,
                "next": cursor,
                "hold_after": remembered.hold_after,
                **standing_fields(remembered.standing),
                **{state: states.count(state) for state in (RunState.LANDED, RunState.FAILED, RunState.CANCELED)},
                "bytes": remembered.stored_bytes,
                "records": remembered.records,
                "canceling": remembered.canceling or None,
                "paused": remembered.paused or None,
            },
        )

    def adopt(self, flow: str, sent: Iterable[tuple[int, int]], answered: Collection[tuple[int, int]] = ()) -> int:
        """Gives slots to runs, each an index and an attempt, whose creates may have been sent while Redis forgot it.

        What waits is granted, even past the limit, and due for a replay of its create; a run of an older attempt is
        raised to this one. Settled runs, those of a newer attempt and those that run already are left. Those of them
        that Stripe has `answered` are replayed at once: that starts nothing. Others are, where all that may be alive
        has room. Returns how many hold a slot only since now. Raises `FlowUnknown`.
        """
        newest: dict[int, int] = {}
        for index, attempt in sent:
            newest[index] = max(attempt, newest.get(index, 0))
        runs = [(index, attempt, (index, attempt) in answered) for index, attempt in sorted(newest.items())]
        adopted = self._scripts.adopt(flow=flow, sent=runs)
        if adopted == -1:
            raise FlowUnknown(flow)
        return adopted


def _tail(states: Sequence[RunState]) -> int:
    """Finds from where on every run waits for the first time: what the cursor may stand at."""
    settled = (index for index in range(len(states) - 1, -1, -1) if states[index].settled)
    return next(settled, -1) + 1
