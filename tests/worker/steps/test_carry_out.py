"""A Redis that does not answer for a while: what a process held meanwhile is due again as soon as it answers."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis

from forebay.governor.errors import RedisUnavailable
from forebay.governor.governor import Governor
from forebay.governor.states import RunState, Step
from forebay.worker.steps.carry_out import carry_out
from tests.worker.conftest import BATCH, LANE, World, query_run


class Line(redis.Connection):
    """A connection that a test cuts: before a request is sent, or after it, so that only its answer is lost."""

    cut: str | None = None
    """`before` or `after`."""

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if Line.cut == "before":
            raise redis.ConnectionError("cut")
        super().send_packed_command(command, check_health)

    def read_response(self, *args: Any, **named: Any) -> Any:
        answer = super().read_response(*args, **named)
        if Line.cut == "after":
            raise redis.ConnectionError("cut")
        return answer


@pytest.fixture
def cuttable(world: World, valkey_url: str) -> Iterator[World]:
    """The world, whose process speaks to Redis over lines that can be cut."""
    pool = redis.ConnectionPool.from_url(valkey_url, connection_class=Line, decode_responses=True)
    with redis.Redis(connection_pool=pool) as client:
        world.rt._governors[LANE] = Governor(client, LANE)
        yield world
        Line.cut = None


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_run_that_was_in_hand_is_due_again_as_soon_as_redis_answers(cuttable: World, cut: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        Line.cut = cut
        return query_run()

    cuttable.open()
    cuttable.step(Step.SUBMIT, answer)
    with pytest.raises(RedisUnavailable):
        cuttable.rt.left_behind.give_back()
    Line.cut = None

    cuttable.rt.left_behind.give_back()

    step = Step.SUBMIT if cuttable.state() is RunState.GRANTED else Step.POLL
    due_in_ms = cuttable.due_in_ms(step)
    assert due_in_ms is not None
    assert due_in_ms <= 0, "else its slot would stand idle for a minute"


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_run_that_nobody_knows_whether_he_has_it_is_due_again(cuttable: World, cut: str) -> None:
    cuttable.open()
    claims = cuttable.governor.claim(submits=1, downloads=0, polls=0)
    Line.cut = cut
    carry_out(cuttable.rt, Step.SUBMIT, LANE, claims.due[Step.SUBMIT])
    Line.cut = None

    cuttable.rt.left_behind.give_back()

    assert cuttable.due_in_ms(Step.SUBMIT) <= 0
    run = cuttable.view.run(LANE, BATCH, 0)
    assert run and run.tries == 1
    assert "cut" in str(run.trouble)


def test_what_somebody_else_has_taken_over_is_left_to_him(cuttable: World) -> None:
    cuttable.open()
    claims = cuttable.governor.claim(submits=1, downloads=0, polls=0)
    Line.cut = "before"
    carry_out(cuttable.rt, Step.SUBMIT, LANE, claims.due[Step.SUBMIT])
    Line.cut = None
    cuttable.step(Step.SUBMIT, query_run())

    cuttable.rt.left_behind.give_back()

    assert cuttable.state() is RunState.RUNNING
    assert cuttable.due_in_ms(Step.POLL) > 0
