"""The threads of a busy process share a CPU, and go where the scheduler puts the one that they follow."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from forebay.governor.states import Step
from forebay.worker import bootsteps
from forebay.worker.celery_app import WorkerApp
from forebay.worker.one_cpu import EVERY_S, OneCpu, is_worth_it
from forebay.worker.signs_of_life import SignsOfLife

pytestmark = pytest.mark.skipif(not is_worth_it(), reason="threads cannot be told here where to run")

#: In a process of its own: these tests have threads, too. Says of each thread on which CPUs it may run, step by step.
PROGRAM = f"""
import json, os, threading
from forebay.worker.one_cpu import OneCpu

clock, ended, followers = [0.0], threading.Event(), []
def another():
    thread = threading.Thread(target=ended.wait)
    thread.start()
    return thread

main, first, second, stranger = threading.main_thread(), another(), another(), another()
def step():
    one.follow()
    said.append([sorted(os.sched_getaffinity(thread.native_id)) for thread in (main, first, second, stranger)])

said, one = [], OneCpu(lambda: followers, lambda: clock[0])
step()
followers.append(first)
clock[0] += {EVERY_S}
step()
followers.append(second)
step()
clock[0] += {EVERY_S}
step()
one.let_go()
clock[0] += {EVERY_S}
step()
ended.set()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said() -> list[list[list[int]]]:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    steps: list[list[list[int]]] = json.loads(ran.stdout)
    return steps


def test_threads_follow_who_calls_and_nobody_else_does(said: list[list[list[int]]]) -> None:
    (everywhere, *others), (main, first, second, stranger), *_ = said
    assert others == [everywhere] * 3
    assert main == second == stranger == everywhere
    assert len(first) == 1
    assert first[0] in everywhere


def test_a_thread_that_comes_later_follows_with_the_next_look(said: list[list[list[int]]]) -> None:
    _, _, (everywhere, _, before, _), (main, _, after, stranger), _ = said
    assert before == main == stranger == everywhere
    assert len(after) == 1


def test_what_was_bound_is_given_back(said: list[list[list[int]]]) -> None:
    assert said[-1] == said[0], "a worker that restarts itself would be bound for ever"


@pytest.mark.parametrize(
    ("serves", "follow"), [((Step.SUBMIT, Step.POLL), True), ((Step.DOWNLOAD,), False), (tuple(Step), False)]
)
def test_processes_that_serve_downloads_are_left_alone(app: WorkerApp, serves: Iterable[Step], follow: bool) -> None:
    one_cpu = bootsteps._one_cpu(app, frozenset(serves))

    assert (one_cpu is not None) is follow
    if one_cpu:
        assert [*one_cpu._threads()] == [threading.main_thread(), *app.step_threads.threads]


def test_the_pump_has_them_follow_behind_each_tick(app: WorkerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    one_cpu, followed = bootsteps._one_cpu(app, {Step.POLL}), list[OneCpu]()
    monkeypatch.setattr(OneCpu, "follow", lambda one: followed.append(one))
    signs = SignsOfLife(app.runtime(), 2, lambda: None, lambda: None)

    bootsteps._behind_each_round(signs, one_cpu)()

    assert followed == [one_cpu]


@pytest.mark.parametrize("stat", [None, b"", b"7 (\xc3) S", b"no stat at all"])
def test_where_the_system_tells_nothing_all_goes_on(tmp_path: Path, stat: bytes | None) -> None:
    program = f"""
import os, threading
import forebay.worker.one_cpu as it
from pathlib import Path
clock = [0.0]
one = it.OneCpu(lambda: [], lambda: clock[0])
it._TASKS = Path({str(tmp_path)!r})
if {stat!r} is not None:
    place = it._TASKS / str(threading.get_native_id())
    place.mkdir()
    (place / "stat").write_bytes({stat!r} or b"")
clock[0] += {EVERY_S}
one.follow()
assert one._next_s == float("inf")
"""
    subprocess.run([sys.executable, "-c", program], check=True)
