"""Says which limits of a lane are nonsense, to whoever sets them: `forebay lanes set`, or the page."""

from forebay.config.connections import Config
from forebay.config.request_limits import too_many
from forebay.config.standing import FlowClass
from forebay.config.stripe import API_BASE, MAX_RUNNING, Mode
from forebay.governor.contract import LaneLimits
from forebay.governor.seen import LaneView


def nonsense(now: LaneView, limits: LaneLimits, config: Config) -> str:
    """Says in a sentence what is wrong with limits, beside those that the lane has; nothing where nothing is."""
    mode = Mode(now.lane.split(":")[1])
    connection = config.connections.get(now.lane.split(":")[0])
    per_s = {
        "creates": limits.creates_per_s,
        "retrieves": limits.retrieves_per_s,
        "requests": limits.requests_per_s,
    }
    refusal = too_many(per_s, mode=mode, api_base=connection.api_base if connection else API_BASE)
    if refusal:
        return refusal
    most = MAX_RUNNING[mode]
    if limits.cap is not None and limits.cap > most:
        return f"Stripe allows {most} runs in this lane's mode; --cap can only lower it"
    cap = now.cap if limits.cap is None else limits.cap
    if cap - (now.margin if limits.margin is None else limits.margin) < 1:
        return "this margin leaves nothing of the cap; `forebay pause` stops a lane"
    reserved = {FlowClass.INTERACTIVE: limits.reserve_interactive, FlowClass.SCHEDULED: limits.reserve_scheduled}
    if sum(now.reserves.get(kind, 0) if slots is None else slots for kind, slots in reserved.items()) >= cap:
        return f"the reserves leave lower classes nothing of the cap {cap}"
    return ""
