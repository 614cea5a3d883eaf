"""The pump's line to the broker, which is a real one."""

from forebay.governor.contract import LaneLimits
from forebay.governor.states import Step
from forebay.runtime.runtime import Runtime
from forebay.worker.celery_app import WorkerApp
from forebay.worker.queues import QUEUE_ROOM, Queues
from tests.governor.driver import reconcile
from tests.worker.conftest import LANE


def test_a_queue_has_less_room_by_what_was_put_into_it(app: WorkerApp, runtime: Runtime) -> None:
    flow, clock = "b1", [1.0]
    governor = runtime.governor(LANE)
    governor.configure(LaneLimits(cap=2, creates_per_s=100, retrieves_per_s=100, requests_per_s=100))
    reconcile(governor)
    governor.open_flow(flow, 2)
    queues = Queues(app, lambda: clock[0])
    assert queues.room(Step.SUBMIT) == QUEUE_ROOM[Step.SUBMIT]

    queues.publish(Step.SUBMIT, LANE, governor.claim(submits=2, downloads=0, polls=0).due[Step.SUBMIT])
    counted_here = queues.room(Step.SUBMIT)
    clock[0] += 1
    counted_there = queues.room(Step.SUBMIT)

    assert counted_here == counted_there == QUEUE_ROOM[Step.SUBMIT] - 2
    assert queues.room(Step.POLL) == QUEUE_ROOM[Step.POLL]
