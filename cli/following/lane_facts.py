"""Names what is known of a lane, with the fields that `--json` writes and the API answers."""

from typing import Any

from forebay.cli.output.ends import ends_facts
from forebay.governor.seen import LaneView
from forebay.governor.view import View

_REFUSALS = {"closed_cap": "cap", "closed_create": "rate of creates", "closed_retrieve": "rate of retrieves"}


def lane_facts(view: View, lane: LaneView, closing_queue: list[str]) -> dict[str, Any]:
    """Names how its slots stand, what its requests may be, and why it stands still if it does. Raises GovernorError."""
    now_ms = view.now_ms()
    oldest = view.longest_held(lane.lane)
    starting = sum(view.starting_by_flow(lane.lane).values())
    return {
        "lane": lane.lane,
        "cap": lane.cap,
        "limit": lane.limit,
        "margin": lane.margin,
        "held": lane.held,
        "aside": lane.aside,
        "starting": starting,
        "alive": max(0, lane.held - starting),
        "held_by_class": lane.held_by_class,
        "held_by_batch": view.held_by_flow(lane.lane),
        "reserves": lane.reserves,
        "oldest_held": {"run": oldest[0], "seconds": oldest[1] // 1000} if oldest else None,
        "budgets_per_s": {kind: round(budget.now_per_s, 2) for kind, budget in lane.budgets.items()},
        "refusals": {name: lane.stats.get(kind, 0) for kind, name in _REFUSALS.items()},
        "ends": ends_facts(view.feed(lane.lane)),
        "closed": [
            {
                "gate": gate.gate,
                "reason": gate.reason,
                "for_s": (now_ms - gate.since_ms) // 1000,
                "next_try_in_s": max(0, gate.until_ms - now_ms) // 1000,
            }
            for gate in lane.gates
        ],
        "paused": {"reason": lane.paused.reason, "for_s": (now_ms - lane.paused.since_ms) // 1000}
        if lane.paused
        else None,
        "paused_batches": _paused_batches(view, lane.lane, closing_queue),
        "audit": {name: lane.stats.get(f"audit_{name}", 0) for name in ("freed", "forgotten", "corrected")},
        "unserved": lane.stats.get("unserved", 0),
    }


def _paused_batches(view: View, lane: str, closing_queue: list[str]) -> dict[str, str]:
    """Finds batches that stand still because of how their runs ended, with the reason."""
    flows = ((batch, view.flow(lane, batch)) for batch in closing_queue)
    return {batch: flow.paused.reason for batch, flow in flows if flow and flow.paused and not flow.done}
