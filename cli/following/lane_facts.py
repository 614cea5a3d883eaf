"""Names what is known of a lane, with the fields that `--json` writes and the API answers."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from forebay.cli.output.ends import ends_facts
from forebay.governor.lane_history import LaneSample
from forebay.governor.seen import LaneView
from forebay.governor.view import View

_REFUSALS = {"cap": "cap", "create": "rate of creates", "retrieve": "rate of retrieves"}


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
        "refusals": {name: lane.stats.get(f"closed_{gate}", 0) for gate, name in _REFUSALS.items()},
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


def hour_facts(samples: Iterable[LaneSample]) -> list[dict[str, Any]]:
    """Names how a lane stood in its last hour, oldest first."""
    return [
        {
            "at": datetime.fromtimestamp(sample.at_ms / 1000, UTC).isoformat(timespec="seconds"),
            "held": sample.held,
            "limit": sample.limit,
            "cap": sample.cap,
            "refused": {_REFUSALS[gate]: count for gate, count in sample.refusals.items()},
        }
        for sample in samples
    ]


def _paused_batches(view: View, lane: str, closing_queue: list[str]) -> dict[str, str]:
    """Finds batches that stand still because of how their runs ended, with the reason."""
    flows = ((batch, view.flow(lane, batch)) for batch in closing_queue)
    return {batch: flow.paused.reason for batch, flow in flows if flow and flow.paused and not flow.done}
