"""The threads of a worker process, started and stopped as Celery does it: on a real Valkey, without a consumer."""

import socket
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from kombu.asynchronous import Hub

from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.deployment.host_reports import HostReports
from forebay.governor.keys import stuck
from forebay.governor.states import Step
from forebay.runtime.runtime import Runtime
from forebay.store.errors import NotFound
from forebay.store.ledger.records import Batch
from forebay.worker import shutdown, signs_of_life
from forebay.worker.bootsteps import CloserStep, HostWatchStep, PumpStep, StepThreadsStep, SweeperStep
from forebay.worker.celery_app import WorkerApp
from forebay.worker.shutdown import HUNG
from tests.governor.driver import Lane
from tests.servers.processes import wait_until
from tests.store.test_drafts import writing
from tests.worker.conftest import LANE


def worker(app: WorkerApp) -> SimpleNamespace:
    """Stands for Celery's worker, of which a bootstep sees this much."""
    return SimpleNamespace(app=app, hub=Hub(), concurrency=2, exitcode=None)


def test_a_pump_says_that_its_process_lives_and_hears_from_the_steps(app: WorkerApp, runtime: Runtime) -> None:
    runtime.governor(LANE).configure(LaneLimits(cap=1, creates_per_s=1, retrieves_per_s=1, requests_per_s=1))
    step = PumpStep(worker(app))
    step.start(worker(app))
    try:
        wait_until(lambda: Heartbeats(runtime.redis).is_alive(socket.gethostname()), "the pump's first round")
        assert runtime.made_room.__qualname__ == "Pump.made_room"
    finally:
        step.stop(worker(app))


def test_a_pump_leaves_to_others_what_its_process_does_not_consume(app: WorkerApp, runtime: Runtime) -> None:
    lane = Lane(runtime.redis, LANE)
    lane.open(cap=1)
    app.amqp.queues.select(["download"])
    step = PumpStep(worker(app))
    step.start(worker(app))
    try:
        wait_until(lambda: Heartbeats(runtime.redis).is_alive(socket.gethostname()), "the pump's first round")
    finally:
        step.stop(worker(app))
    assert len(lane.claim(Step.SUBMIT)) == 1


def test_a_process_whose_threads_all_hang_says_so_instead(
    app: WorkerApp, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs_of_life, "SILENT_S", 0.0)
    heartbeats, node = Heartbeats(runtime.redis), socket.gethostname()
    over = threading.Event()

    def hang() -> None:
        with runtime.under_way.step("poll of b/1"):
            over.wait(30)

    other = threading.Thread(target=hang)
    step = PumpStep(worker(app))
    with runtime.under_way.step("submit of b/0"):
        step.start(worker(app))
        try:
            wait_until(lambda: heartbeats.is_alive(node), "one thread that hangs of two to be no trouble")
            assert heartbeats.trouble(node) is None
            other.start()
            wait_until(lambda: heartbeats.trouble(node), "the process to say that it is stuck")
        finally:
            over.set()
            other.join()
            step.stop(worker(app))

    assert "none of its 2 threads has got on" in str(heartbeats.trouble(node))
    assert "submit of b/0" in str(heartbeats.trouble(node))
    runtime.redis.delete(stuck(node))


def test_a_closer_that_hangs_is_named_and_the_process_ends_non_zero(
    app: WorkerApp, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its store answers a byte now and then, which no time-out of S3's client ends."""
    monkeypatch.setattr(shutdown, "JOIN_S", 0.05)
    over, visiting = threading.Event(), threading.Event()

    def drip(_: str) -> Batch:
        visiting.set()
        over.wait(30)
        raise NotFound("of no matter")

    monkeypatch.setattr(runtime.ledger, "batch", drip)
    ClosingQueue(runtime.redis).add("b", 0)
    parent = worker(app)
    step = CloserStep(parent)
    step.start(parent)
    assert visiting.wait(20)

    step.stop(parent)

    assert parent.exitcode == HUNG
    assert "closer did not end within 0 s" in caplog.text
    over.set()
    wait_until(lambda: ClosingQueue(runtime.redis).all() == [], "the thread to end after all")


def test_a_worker_has_as_many_threads_for_steps_as_it_was_told(app: WorkerApp) -> None:
    parent = worker(app)
    step, over = StepThreadsStep(parent), threading.Event()
    step.start(parent)

    assert app.step_threads.take([partial(over.wait, 30)] * 3) == 2

    over.set()
    step.stop(parent)


def test_a_process_of_downloads_alone_takes_one_while_a_thread_is_idle(app: WorkerApp) -> None:
    app.amqp.queues.select(["download"])
    parent = worker(app)
    parent.concurrency = 16
    step, over = StepThreadsStep(parent), threading.Event()
    step.start(parent)
    app.step_threads.take([partial(over.wait, 30)] * 15)

    assert app.step_threads.has_room()

    over.set()
    step.stop(parent)


def test_a_closer_visits_what_is_due_and_ends_when_it_is_told(app: WorkerApp, runtime: Runtime) -> None:
    closing_queue = ClosingQueue(runtime.redis)
    closing_queue.add("of-another-ledger", 0)
    assert closing_queue.all() != []
    step = CloserStep(worker(app))
    step.start(worker(app))
    try:
        wait_until(lambda: closing_queue.all() == [], "a batch that this ledger does not know to be let go")
    finally:
        step.stop(worker(app))


def test_what_a_killed_process_left_is_swept_by_the_worker_that_comes_next(
    app: WorkerApp, runtime: Runtime, tmp_path: Path
) -> None:
    out = runtime.store(str(tmp_path / "out"))
    with writing(tmp_path / "out") as process:
        process.kill()
        process.wait()
    assert list((tmp_path / "out").iterdir()) != []
    step = SweeperStep(worker(app))
    step.start(worker(app))
    try:
        wait_until(lambda: list((tmp_path / "out").iterdir()) == [], "what was left to be swept")
    finally:
        step.stop(worker(app))
    assert out in runtime.opened_stores()


def test_a_worker_says_which_hosts_of_results_it_reaches_when_it_starts(app: WorkerApp, runtime: Runtime) -> None:
    here, step = socket.gethostname(), HostWatchStep(worker(app))
    step.start(worker(app))
    try:
        wait_until(lambda: HostReports(runtime.redis).of([here])[here], "its first report")
    finally:
        step.stop(worker(app))
    report = HostReports(runtime.redis).of([here])[here]
    assert report is not None and report.troubles.keys() == runtime.ways_to_results().keys() != set()
