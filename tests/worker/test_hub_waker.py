"""An event loop that waits learns at once that its worker is to end."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery import signals
from kombu.asynchronous import Hub

from forebay.worker.hub_waker import HubWakerStep


@pytest.fixture
def worker() -> Iterator[Any]:
    hub = Hub()
    yield SimpleNamespace(hub=hub)
    hub.close()


def test_who_is_told_to_end_has_something_to_read(worker: Any) -> None:
    step = HubWakerStep(worker)
    step.start(worker)
    (waited_for,) = worker.hub.readers
    assert not worker.hub.poller.poll(0)

    signals.worker_shutting_down.send(sender="here", sig="TERM", how="Warm", exitcode=0)

    assert [fd for fd, _ in worker.hub.poller.poll(0)] == [waited_for]
    step.stop(worker)


def test_once_it_has_ended_nothing_is_waited_for_any_more(worker: Any) -> None:
    step = HubWakerStep(worker)
    step.start(worker)

    step.terminate(worker)

    assert not worker.hub.readers
    signals.worker_shutting_down.send(sender="here", sig="TERM", how="Warm", exitcode=0)
    step.stop(worker)


def test_a_pool_without_a_loop_needs_no_waking() -> None:
    worker = SimpleNamespace(hub=None)
    step = HubWakerStep(worker)

    step.start(worker)
    signals.worker_shutting_down.send(sender="here", sig="TERM", how="Warm", exitcode=0)
    step.stop(worker)
