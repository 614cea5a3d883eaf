"""What the client does in more than one exchange, told by answers and a clock of the test's own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay_client import asking
from forebay_client.dialogues import HELD_S, LEAST_S, PATIENCE_OF_A_WAIT_S, PATIENCE_S, persist, take_up, wait
from forebay_client.errors import (
    AuthRefused,
    BatchFailed,
    ChecksFailed,
    ForebayError,
    InputRefused,
    SafetyStop,
    StillRunning,
    Unreachable,
)
from tests.client.told import Server, batch_facts

AWAY = Unreachable("nobody answers", may_try_again=True)
LANDED = batch_facts(state="landed", landed=3, ended=True, exit=0)
FAILED = batch_facts(state="failed", failed=3, ended=True, exit=1)
RETRIED = {"deed": "d1", "act": "retry", "target": "b1", "by": "me", "came": "1 run", "done": True, "going_on": False}


def waited(server: Server, timeout_s: float | None = None, *, check: bool = True) -> Any:
    return server.carry_out(wait("b1", timeout_s=timeout_s, check=check, now_s=server.clock))


def test_a_wait_asks_until_the_batch_goes_on_no_more() -> None:
    server = Server([batch_facts(), batch_facts(landed=2), LANDED], takes_s=lambda exchange: exchange.held_s)

    assert waited(server).landed == 3
    assert [exchange.query for exchange in server.asked] == [{"wait": str(HELD_S)}] * 3
    assert server.rests == []


def test_a_server_that_holds_nothing_back_is_asked_once_a_second() -> None:
    server = Server([*[batch_facts()] * 4, LANDED])

    waited(server)

    assert server.rests == [LEAST_S] * 4


def test_the_wait_ends_when_its_time_is_over_and_says_how_far_the_batch_has_come() -> None:
    server = Server([batch_facts(landed=2)], takes_s=lambda exchange: exchange.held_s)

    with pytest.raises(StillRunning, match=r"batch b1 is running after 70.5 s, 2 of 3 runs landed; it goes on") as told:
        waited(server, 70.5)

    assert told.value.batch is not None
    assert told.value.batch.landed == 2
    assert server.now == 1070.5


def test_a_wait_of_no_time_looks_once() -> None:
    server = Server([LANDED])

    assert waited(server, 0).state == "landed"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("exit_code", "kind"), [(1, BatchFailed), (3, ChecksFailed), (4, AuthRefused), (6, SafetyStop)]
)
def test_an_end_that_is_not_good_is_an_exception_only_where_it_is_asked_for(
    exit_code: int, kind: type[ForebayError]
) -> None:
    cause = {"error_class": "sql", "message": "no column id", "count": 2, "accounts": ["acct_1"], "names": []}
    facts = batch_facts(
        state="partial", landed=1, failed=2, ended=True, exit=exit_code, failures=[cause],
        next=[{"what": "failed", "how": "forebay retry b1 --failed"}],
    )  # fmt: skip

    with pytest.raises(kind) as told:
        waited(Server([facts]))

    assert str(told.value) == (
        "batch b1 ended as partial, 1 of 3 runs landed; sql: no column id (forebay retry b1 --failed)"
    )
    assert told.value.failures[0].accounts == ("acct_1",)
    assert waited(Server([facts]), check=False).exit_code == exit_code


def test_of_queries_that_nobody_closes_the_causes_are_asked_for() -> None:
    cause = {"error_class": "sql", "message": "no column id", "count": 1, "accounts": [], "names": ["q"]}
    ended = batch_facts(state="partial", landed=2, failed=1, ended=True, exit=1)
    server = Server([ended, {"failures": [cause], "next": ["forebay retry b1 --failed"]}])

    with pytest.raises(BatchFailed, match=r"sql: no column id \(forebay retry b1 --failed\)") as told:
        waited(server)

    assert [each.names for each in told.value.failures] == [("q",)]


def test_a_server_that_is_deployed_anew_does_not_end_a_wait() -> None:
    server = Server([batch_facts(), *[AWAY] * 20, LANDED])

    assert waited(server).landed == 3


def test_a_server_that_stays_away_ends_it() -> None:
    server = Server([AWAY])

    with pytest.raises(Unreachable):
        waited(server)

    assert PATIENCE_OF_A_WAIT_S <= server.now - 1000 < PATIENCE_OF_A_WAIT_S + 11


def test_what_would_be_done_twice_is_not_sent_twice() -> None:
    server = Server([AWAY])

    with pytest.raises(Unreachable):
        server.carry_out(persist(asking.act("/batches/b1/retry"), server.clock))

    assert len(server.asked) == 1


def test_a_refusal_is_not_asked_again() -> None:
    server = Server([InputRefused("no")])

    with pytest.raises(InputRefused):
        server.carry_out(persist(asking.lanes(), server.clock))

    assert len(server.asked) == 1


def test_a_submission_with_a_key_is_sent_again() -> None:
    accepted = {"batch": "b1", "created": True, "runs": 1, "output": "s3://b/p", "lanes": [], "warnings": []}
    server = Server([AWAY, AWAY, accepted])

    assert server.carry_out(persist(asking.submission({"q": "SELECT 1"}, {"key": "k"}), server.clock)).batch == "b1"
    assert len({id(exchange.body) for exchange in server.asked}) == 1


ANSWERS = st.lists(
    st.one_of(
        st.builds(lambda landed: batch_facts(landed=landed), st.integers(0, 3)),
        st.just(AWAY),
        st.sampled_from(
            [LANDED, batch_facts(exit=6, state="stopped"), batch_facts(exit=1, ended=True, state="failed")]
        ),
    ),
    min_size=1,
    max_size=30,
)


@given(
    answers=ANSWERS,
    timeout_s=st.none() | st.floats(0, 500),
    share=st.floats(0, 1.2),
    check=st.booleans(),
)
def test_a_wait_never_does_anything_but_ask_and_never_goes_on_for_long_past_its_time(
    answers: list[Any], timeout_s: float | None, share: float, *, check: bool
) -> None:
    """Whatever comes back: a timeout never cancels, since nothing that a wait sends changes anything."""
    last = answers[-1]
    ends = timeout_s is not None or isinstance(last, Exception) or last["exit"] is not None
    server = Server(answers if ends else [*answers, LANDED], takes_s=lambda exchange: exchange.held_s * share)

    with suppress(ForebayError):
        assert waited(server, timeout_s, check=check).exit_code is not None

    assert {(exchange.method, exchange.path) for exchange in server.asked} == {("GET", "/batches/b1")}
    if timeout_s is not None:
        # A silent server is asked for a few seconds more than that, so that a short wait outlives a short silence.
        assert server.now - 1000 <= timeout_s + HELD_S * 0.2 + 2 * PATIENCE_S + LEAST_S


def causes(*classes: str) -> dict[str, Any]:
    return {"failures": [{"error_class": each, "message": "no", "count": 1} for each in classes], "next": []}


@pytest.mark.parametrize(
    ("classes", "taken_up"),
    [
        (["provider"], ["provider"]),
        (["transfer", "sql", "provider"], ["provider", "transfer"]),
        (["sql", "too_big"], ["sql", "too_big"]),  # whoever asks for these knows why
    ],
)
def test_what_may_land_now_is_taken_up(classes: list[str], taken_up: list[str]) -> None:
    server = Server([FAILED, causes(*classes), RETRIED])

    deeds = server.carry_out(take_up("b1", why="again", now_s=server.clock))

    assert [each.came for each in deeds] == ["1 run"] * len(taken_up)
    assert [exchange.body for exchange in server.asked[2:]] == [{"cause": each, "why": "again"} for each in taken_up]


@pytest.mark.parametrize("facts", [LANDED, batch_facts(), batch_facts(state="canceled", ended=True, exit=3)])
def test_nothing_is_taken_up_of_what_did_not_fail(facts: dict[str, Any]) -> None:
    server = Server([facts])

    assert server.carry_out(take_up("b1", why=None, now_s=server.clock)) == []
    assert len(server.asked) == 1


def test_what_somebody_took_up_meanwhile_is_left_to_whoever_waits() -> None:
    server = Server([FAILED, causes("provider", "transfer"), InputRefused("nothing failed"), RETRIED])

    assert [each.came for each in server.carry_out(take_up("b1", why=None, now_s=server.clock))] == ["1 run"]
