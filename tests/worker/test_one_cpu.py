"""The threads of a busy process share a CPU, and go where the scheduler puts the one that they follow."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from forebay.governor.states import Step
from forebay.runtime.runtime import Runtime
from forebay.worker import bootsteps
from forebay.worker.one_cpu import EVERY_S, is_worth_it
from forebay.worker.signs_of_life import SignsOfLife

pytestmark = pytest.mark.skipif(not is_worth_it(), reason="threads cannot be told here where to run")

#: In a process of its own: these tests have threads, too. Says of each thread on which CPUs it may run, step by step.
PROGRAM = f"""
import json, os, threading
from forebay.worker.one_cpu import OneCpu

clock, ended = [0.0], threading.Event()
def another():
    thread = threading.Thread(target=ended.wait)
    thread.start()
    return thread.native_id

def allowed(*threads):
    return [sorted(os.sched_getaffinity(thread)) for thread in threads]

main, first, one = threading.get_native_id(), another(), OneCpu(lambda: clock[0])
said = [allowed(main, first)]
one.follow()
said.append(allowed(main, first))
second = another()
os.sched_setaffinity(second, os.sched_getaffinity(main))
one.follow()
said.append(allowed(main, second))
clock[0] += {EVERY_S}
one.follow()
said.append(allowed(main, second))
ended.set()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said() -> list[list[list[int]]]:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    steps: list[list[list[int]]] = json.loads(ran.stdout)
    return steps


def test_others_follow_who_calls_and_it_stays_free(said: list[list[list[int]]]) -> None:
    (everywhere, of_thread), (main, followed), *_ = said
    assert of_thread == everywhere == main
    assert len(followed) == 1
    assert followed[0] in everywhere


def test_a_thread_that_comes_later_follows_with_the_next_look_and_none_is_taken_before(
    said: list[list[list[int]]],
) -> None:
    (everywhere, _), _, (_, before), (main, after) = said
    assert before == main == everywhere
    assert len(after) == 1


@pytest.mark.parametrize(
    ("serves", "follows"), [((Step.SUBMIT, Step.POLL), True), ((Step.DOWNLOAD,), False), (tuple(Step), False)]
)
def test_processes_that_serve_downloads_are_left_alone(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, serves: Iterable[Step], follows: bool
) -> None:
    followed: list[float] = []
    monkeypatch.setattr(bootsteps.OneCpu, "follow", lambda one: followed.append(one._monotonic_s()))
    signs = SignsOfLife(runtime, 2, lambda: None, lambda: None)

    bootsteps._behind_each_round(signs, frozenset(serves), runtime)()

    assert bool(followed) is follows


def test_where_the_system_lets_nobody_choose_all_goes_on(tmp_path: Path) -> None:
    program = f"""
import forebay.worker.one_cpu as it
from pathlib import Path
it._TASKS = Path({str(tmp_path)!r})
one = it.OneCpu(lambda: 1e9)
one.follow()
assert one._next_s == float("inf")
one.follow()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
