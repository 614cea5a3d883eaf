"""One worker process of all reconciles once a minute, and at once where a lane waits or Redis was emptied."""

from forebay.governor.deployment.reconciling_turn import ReconcilingTurn
from forebay.worker.reconciler_thread import LOCK_S, ReconcilerThread
from tests.servers.processes import wait_until
from tests.worker.conftest import BATCH, LANE, World


def thread(world: World) -> ReconcilerThread:
    return ReconcilerThread(world.reconciler, world.rt.redis)


def test_it_is_done_once_for_all_of_them(world: World) -> None:
    assert thread(world).look(awaited=False) is not None
    assert thread(world).look(awaited=False) is None


def test_a_lane_that_waits_is_not_kept_waiting(world: World) -> None:
    thread(world).look(awaited=False)

    assert thread(world).look(awaited=True) is not None


def test_while_another_does_it_nobody_else_does(world: World) -> None:
    other = ReconcilingTurn(world.rt.redis, good_for_s=LOCK_S)
    assert other.take()

    assert thread(world).look(awaited=True) is None
    other.release()
    assert thread(world).look(awaited=True) is not None


def test_an_emptied_redis_gets_its_batches_back_without_being_asked(world: World) -> None:
    world.open(3)
    running = thread(world)
    running.look(awaited=False)
    running.thread.start()
    try:
        world.rt.redis.flushall()
        wait_until(lambda: world.view.flow(LANE, BATCH), "the batch to come back", deadline_s=30)
        wait_until(lambda: world.reconciliation.unreconciled() is None, "its lane to grant again", deadline_s=30)
    finally:
        running.stop().join(10)
    assert not running.thread.is_alive()
