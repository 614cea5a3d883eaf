"""The threads that carry out what messages ask for: each run finds one, or goes back to where another takes it."""

import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.worker.step_threads import RUNS_OF_A_MESSAGE, StepThreads
from tests.servers.processes import wait_until


class Held:
    """Works that wait until they are let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def __call__(self) -> None:
        self.begun.release()
        assert self.go_on.wait(30)

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.begun.acquire(timeout=20), "a work that was taken does not begin"


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.go_on.set()


def started(threads: int, told: list[str] | None = None) -> StepThreads:
    made = StepThreads()
    made.start(threads, lambda: told is not None and told.append("room"))
    return made


def test_each_run_of_a_message_has_a_thread_of_its_own(held: Held) -> None:
    threads = started(4)

    assert threads.take([held] * 3) == 3
    held.wait_for(3)

    held.go_on.set()
    threads.stop()


def test_what_finds_no_thread_is_left_to_the_caller(held: Held) -> None:
    threads = started(2)

    assert threads.take([held] * 5) == 2
    assert threads.take([held]) == 0

    held.go_on.set()
    threads.stop()


def test_nothing_is_taken_before_there_are_threads() -> None:
    assert not StepThreads().has_room()


@pytest.mark.parametrize(("threads", "busy", "room"), [(1, 0, True), (1, 1, False), (4, 3, True), (4, 4, False)])
def test_few_threads_take_a_message_while_one_is_idle(held: Held, threads: int, busy: int, room: bool) -> None:
    made = started(threads)
    made.take([held] * busy)

    assert made.has_room() is room

    held.go_on.set()
    made.stop()


@pytest.mark.parametrize(("busy", "room"), [(16 - RUNS_OF_A_MESSAGE, True), (17 - RUNS_OF_A_MESSAGE, False)])
def test_many_threads_take_one_while_each_of_its_runs_finds_one(held: Held, busy: int, room: bool) -> None:
    made = started(16)
    made.take([held] * busy)

    assert made.has_room() is room

    held.go_on.set()
    made.stop()


def test_who_was_refused_is_told_once_when_there_is_room_again(held: Held) -> None:
    told: list[str] = []
    threads = started(1, told)
    threads.take([held])
    assert not threads.has_room()
    assert told == []

    held.go_on.set()
    wait_until(lambda: told, "the word that there is room")
    threads.take([held])
    threads.stop()

    assert told == ["room"], "told again though nobody asked again"


def test_a_work_that_breaks_is_logged_and_its_thread_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    threads, done = started(1), threading.Event()

    threads.take([lambda: 1 / 0])
    wait_until(threads.has_room, "the thread to be free again")
    threads.take([done.set])
    threads.stop()

    assert done.is_set()
    assert "ZeroDivisionError" in caplog.text


def test_a_work_that_asks_for_the_end_of_the_process_leaves_its_thread_alive(caplog: pytest.LogCaptureFixture) -> None:
    threads, done = started(1), threading.Event()

    threads.take([sys.exit])
    wait_until(threads.has_room, "the thread to be free again")
    threads.take([done.set])

    assert done.wait(20), "the only thread of the process ended, and whatever is taken lies about"
    threads.stop()
    assert "SystemExit" in caplog.text


def test_where_messages_carry_one_run_no_thread_stands_idle(held: Held) -> None:
    made = StepThreads()
    made.start(16, lambda: None, runs_of_a_message=1)
    made.take([held] * 15)

    assert made.has_room()

    held.go_on.set()
    made.stop()


def test_stopping_waits_for_what_is_under_way(held: Held) -> None:
    threads, stopped = started(2), threading.Event()
    threads.take([held])
    held.wait_for(1)

    stopper = threading.Thread(target=lambda: (threads.stop(), stopped.set()))
    stopper.start()
    wait_until(lambda: not all(thread.is_alive() for thread in threads._threads), "the idle thread to have ended")
    assert not stopped.is_set()
    held.go_on.set()
    stopper.join(20)

    assert stopped.is_set()


@given(messages=st.lists(st.integers(1, RUNS_OF_A_MESSAGE), max_size=20), threads=st.integers(1, 20))
def test_what_is_begun_is_never_more_than_there_are_threads(messages: list[int], threads: int) -> None:
    made, held = started(threads), Held()
    try:
        begun = sum(made.take([held] * runs) for runs in messages if made.has_room())
        assert begun <= threads
        held.wait_for(begun)
    finally:
        held.go_on.set()
        made.stop()
