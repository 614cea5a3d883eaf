"""Opens a batch that the ledger has: one flow a lane, so that its runs may be granted."""

from collections.abc import Mapping

from forebay.config.connections import Connection
from forebay.governor.contract import LaneLimits, Remembered
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.governor import Governor
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.redis_client import Client
from forebay.governor.states import RunState
from forebay.store.ledger.records import Batch

#: A flow that got nothing for so long counts as the next class up, until it gets one grant.
AGEING_S = 15 * 60.0


def open_batch(
    client: Client, batch: Batch, connection: Connection, query_runs: Mapping[str, Mapping[int, str]] | None = None
) -> None:
    """Makes an accepted batch run; opening it twice changes nothing. Raises `GovernorError`.

    `query_runs`: of each lane, by index, those that are there already, of which none is created.
    """
    for position, flow in enumerate(batch.flows):
        governor = Governor(client, flow.lane)
        governor.configure(lane_limits(connection))
        hold_after, there = canary_hold_after(batch, position), (query_runs or {}).get(flow.lane)
        if there:
            Reconciliation(client, flow.lane).restore_flow(batch.id, _only_fetched(batch, flow.size, hold_after, there))
        else:
            governor.open_flow(batch.id, flow.size, batch.standing, hold_after=hold_after)
    enlist(client, batch)


def _only_fetched(batch: Batch, size: int, hold_after: int | None, query_runs: Mapping[int, str]) -> Remembered:
    """Makes a flow of which what is there already is retrieved, and behind no gate of creates."""
    return Remembered(
        size=size,
        states=[RunState.WAITING] * size,
        attempts={},
        query_runs=query_runs,
        stored_bytes=0,
        records=0,
        canceling=False,
        standing=batch.standing,
        hold_after=hold_after,
    )


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
