"""However many look, each thing is read once a moment, and not at all while nobody does; failures are told to all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.web import shared_answers
from forebay.web.shared_answers import SharedAnswers


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_twenty_who_ask_at_once_cost_one_reading() -> None:
    answers, read, begun = SharedAnswers(Clock()), [], threading.Event()

    def reads() -> int:
        assert begun.wait(30)
        read.append(1)
        return len(read)

    with ThreadPoolExecutor(20) as people:
        asked = [people.submit(answers.ask, "lanes", 1.0, reads) for _ in range(20)]
        begun.set()
        assert [each.result() for each in asked] == [1] * 20


@given(st.lists(st.floats(0, 3), max_size=30))
def test_an_answer_is_never_older_than_it_is_good_for(steps_s: list[float]) -> None:
    clock = Clock()
    answers = SharedAnswers(clock)
    for step_s in steps_s:
        clock.now_s += step_s
        assert clock.now_s - answers.ask("x", 1.0, lambda: clock.now_s) < 1.0


def test_what_was_dear_to_read_is_good_for_longer_and_not_for_ever() -> None:
    clock, read = Clock(), []
    answers = SharedAnswers(clock)

    def reads() -> int:
        read.append(clock.now_s)
        clock.now_s += 3.0
        return len(read)

    for _ in range(60):
        answers.ask("a search", 1.0, reads)
        clock.now_s += 0.5
    # A fifth of the time at most.
    assert 3.0 * len(read) <= clock.now_s / 5 + 3.0

    clock.now_s += shared_answers.MOST_S
    assert answers.ask("a search", 1.0, lambda: "anew") == "anew"


def test_each_question_has_its_own_answer() -> None:
    answers = SharedAnswers(Clock())

    assert [answers.ask(question, 1.0, lambda question=question: question) for question in ("a", "b", "a")] == [*"aba"]


def test_who_asks_while_redis_is_away_hears_so_without_asking_it_again() -> None:
    clock = Clock()
    answers, tries = SharedAnswers(clock), []

    def fails() -> None:
        tries.append(1)
        raise OSError("away")

    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            answers.ask("x", 1.0, fails)
    assert len(tries) == 1
    clock.now_s = 1.0
    assert answers.ask("x", 1.0, lambda: "back") == "back"


def test_what_nobody_may_get_any_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_answers, "MOST_KEPT", 3)
    clock = Clock()
    answers = SharedAnswers(clock)
    for number in range(20):
        clock.now_s = float(number)
        answers.ask(number, 1.0, lambda: 1)

    assert len(answers._kept) <= 3
