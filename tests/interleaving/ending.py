"""Checks what must hold once a schedule is over. Everything that must hold all along is in `world.py`."""

from datetime import UTC, date, datetime, timedelta

from forebay.governor.states import RunState, Step
from forebay.landing.manifest import read_manifest
from forebay.landing.result_paths import object_stem
from forebay.store.ledger.ledger import Ledger
from tests.interleaving.seams import SharedStore
from tests.interleaving.stripe import csv_of
from tests.interleaving.world import FLOW, LANE, World


def check(world: World) -> None:
    """Nothing lost, nothing left over, and what has landed is whole."""
    ledger, results = Ledger(world.ledger), world.results
    # What waited when its flow was canceled stays marked as waiting: nobody writes a million outcomes to say one thing.
    canceled = {RunState.WAITING: RunState.CANCELED} if world.plan == "cancel" else {}
    states = [canceled.get(state, state) for state in world.view.states(LANE, FLOW, 0, world.size)]
    assert all(state.settled for state in states), states
    assert not world.stripe.alive
    for index, state in enumerate(states):
        _check_run(world, ledger, results, index, state)
    _check_spent(world, ledger)
    _check_nothing_is_left(world)


def _check_run(world: World, ledger: Ledger, results: SharedStore, index: int, state: RunState) -> None:
    sql = f"SELECT {index}"
    last = next((run.status for run in reversed(world.stripe.runs) if run.sql == sql), None)
    manifest = read_manifest(results, object_stem(FLOW, None, f"q{index}"))
    if manifest:
        assert last == "succeeded", "a result without a QueryRun that succeeded"
        assert results.get(manifest.object.key) == csv_of(sql), "a manifest beside an object that is not whole"
    if state is RunState.LANDED:
        assert manifest, "landed without a manifest"
    elif state is RunState.FAILED:
        failure = ledger.failure(FLOW, LANE, index)
        assert failure, "failed, and the ledger does not know why"
        assert last == "failed" or failure.error_class == "transfer", f"failed without a reason: {failure}"
    else:
        assert world.plan == "cancel", "canceled by nobody"


def _check_spent(world: World, ledger: Ledger) -> None:
    """Each QueryRun is among what was spent, whatever came of it, and nothing else is."""
    today = datetime.now(UTC).date()
    days = ledger.uses.days(date(2026, 11, 1), today + timedelta(days=2))
    noted = {use.query_run for _, uses in days for use in uses}
    assert noted == {run.id for run in world.stripe.runs}


def _check_nothing_is_left(world: World) -> None:
    keys, flow = world.keys, world.view.flow(LANE, FLOW)
    assert flow and (flow.done, flow.held, flow.waiting) == (True, 0, 0), flow
    for key in (keys.slots, *map(keys.due, Step)):
        assert world.client.zcard(key) == 0, key
    assert list(world.client.scan_iter(keys.run("*"))) == []
    assert world.client.exists(keys.requeued(FLOW)) == 0
