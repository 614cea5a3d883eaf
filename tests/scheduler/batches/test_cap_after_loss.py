"""Whatever Redis loses, and however often: no more is alive at Stripe than our cap, and no query runs twice.

FOREBAY_HYPOTHESIS=nightly searches longer.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.scheduler.batches.losing_machine import STRIPES_CAP, LosingMachine
from tests.worker.conftest import LANE, World

NIGHTLY = os.environ.get("FOREBAY_HYPOTHESIS") == "nightly"
COMMON = settings(
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
EVERY_TIME = settings(COMMON, max_examples=40, stateful_step_count=20)
EACH_NIGHT = settings(COMMON, max_examples=2000, stateful_step_count=40)


@pytest.mark.timeout(3600 if NIGHTLY else 120)
def test_no_loss_leads_past_the_cap(world: World) -> None:
    run_state_machine_as_test(lambda: LosingMachine(world), settings=EACH_NIGHT if NIGHTLY else EVERY_TIME)


@pytest.fixture
def machine(world: World) -> LosingMachine:
    return LosingMachine(world)


def refused_then_another(machine: LosingMachine) -> None:
    """Leaves a run that Stripe refused waiting, and another one alive in its slot, the only one."""
    machine.claim(0, 1)
    machine.note(0)
    machine.accept("b2")
    machine.stripe.outsiders = STRIPES_CAP
    machine.send_next(0, "answered")
    machine.stripe.outsiders = 0
    machine.work(0, 1, "answered")
    assert machine.stripe.queries == ["SELECT 'b2/0'"]


def test_a_create_that_was_refused_before_the_loss_starts_nothing_beside_a_full_cap(machine: LosingMachine) -> None:
    machine.limit(1)
    machine.accept("b1")
    refused_then_another(machine)

    machine.lose_and_go_on("emptied", 3)

    machine.nothing_went_wrong()
    machine.teardown()


@pytest.mark.parametrize("loss", ["emptied", "put back"])
def test_what_was_refused_before_a_cancel_was_confirmed_starts_nothing_after_a_loss(
    machine: LosingMachine, loss: str
) -> None:
    """It was dropped, and a person was told so; that it was refused only Redis knew."""
    machine.limit(1)
    machine.accept("b1")
    machine.claim(0, 1)
    machine.note(0)
    machine.snapshot()  # it is about to be sent here, and not refused yet
    machine.messages.clear()
    refused_then_another(machine)
    assert machine.world.steering.cancel("b1").held == 0
    machine.limit(2)  # there is room for both to be asked again

    machine.lose_and_go_on(loss, 3)

    machine.teardown()
    assert not [query for query in machine.stripe.queries if "b1" in query]


def test_one_that_was_canceled_before_it_was_sent_starts_nothing_beside_a_full_cap(machine: LosingMachine) -> None:
    machine.limit(1)
    machine.accept("b1")
    machine.claim(0, 1)
    machine.note(0)
    machine.cancel("b1")
    machine.work(0, 1, "answered")
    machine.accept("b2")
    machine.work(0, 1, "answered")
    assert machine.stripe.queries == ["SELECT 'b2/0'"]

    machine.lose_and_go_on("emptied", 3)

    machine.nothing_went_wrong()
    machine.teardown()


def test_one_that_was_not_sent_when_the_cap_was_lowered_starts_nothing_after_a_loss(machine: LosingMachine) -> None:
    machine.accept("b1")
    machine.claim(0, 2)
    machine.note(0)
    machine.messages.reverse()
    machine.send_next(0, "answered")
    machine.limit(1)

    machine.lose_and_go_on("emptied", 3)

    machine.nothing_went_wrong()
    machine.teardown()


def test_a_message_that_redis_was_put_back_with_starts_nothing_beside_a_full_cap(machine: LosingMachine) -> None:
    machine.limit(1)
    machine.accept("b1")
    machine.claim(0, 1)
    machine.note(0)
    machine.snapshot()
    before = list(machine.messages)
    refused_then_another(machine)

    machine.lose("put back")
    machine.reconcile(0)
    machine.messages = before
    machine.send_next(0, "answered")

    machine.nothing_went_wrong()
    machine.teardown()


@pytest.mark.parametrize("loss", ["emptied", "put back", None], ids=["emptied", "put back", "whoever reconciles dies"])
def test_what_befalls_redis_between_two_adoptions_is_found_at_the_end(machine: LosingMachine, loss: str | None) -> None:
    machine.limit(3)
    machine.accept("b1")
    machine.snapshot()
    machine.work(0, 1, "answered")
    machine.accept("b2")
    machine.work(0, 3, "answered")
    alive = list(machine.stripe.queries)
    assert len(alive) == 3
    machine.lose("emptied")

    machine.reconcile(0, at=1, loss=loss)  # b1 has been adopted

    assert machine.world.reconciliation.unreconciled() is not None
    machine.work(1, 3, "answered")
    assert machine.stripe.queries == alive
    machine.reconcile(1)
    machine.work(1, 3, "answered")
    assert machine.stripe.queries == alive
    assert machine.world.view.lane(LANE).held == 3
    machine.teardown()
