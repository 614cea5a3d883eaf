"""Opens a batch that the ledger has: one flow a lane, so that its runs may be granted."""

from forebay.config.connections import Connection
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.store.ledger.records import Batch

#: A flow that got nothing for so long counts as the next class up, until it gets one grant.
AGEING_S = 15 * 60.0


def open_batch(client: Client, batch: Batch, connection: Connection) -> None:
    """Makes an accepted batch run; opening it twice changes nothing. Raises `GovernorError`."""
    for position, flow in enumerate(batch.flows):
        governor = Governor(client, flow.lane)
        governor.configure(lane_limits(connection))
        governor.open_flow(batch.id, flow.size, batch.standing, hold_after=canary_hold_after(batch, position))
    enlist(client, batch)


def enlist(client: Client, batch: Batch) -> None:
    """Has closers and people find a batch: whom people find was opened whole. Raises `GovernorError`."""
    if batch.needs_closing:
        ClosingQueue(client).add_new(batch.id, AT_ONCE)
    RecentBatches(client).add(batch.id, batch.created_at)


def canary_hold_after(batch: Batch, position: int) -> int | None:
    """Says up to which index the flow at this position may run before the canary, the first run of all, has landed."""
    if batch.policy is None or not batch.policy.canary:
        return None
    return 1 if position == 0 else 0


def lane_limits(connection: Connection) -> LaneLimits:
    """Says of a connection what the governor needs to know."""
    return LaneLimits(
        cap=connection.cap,
        margin=connection.margin,
        creates_per_s=connection.budgets.creates_per_s,
        retrieves_per_s=connection.budgets.retrieves_per_s,
        requests_per_s=connection.budgets.requests_per_s,
        reserve_interactive=connection.reserve_interactive,
        reserve_scheduled=connection.reserve_scheduled,
        ageing_s=AGEING_S,
    )
