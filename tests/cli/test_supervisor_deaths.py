"""A supervisor, and a command that uses one, is killed at each step: no lock stays, and the next one works."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forebay.cli.embedded.attach import _send, embedded
from forebay.cli.embedded.home import Home, Running, process_began
from forebay.config.settings import Settings
from forebay.governor.redis_client import connect
from tests.cli.conftest import until
from tests.cli.stripe import EndlessStripe
from tests.deaths.death_rows import ROWS

pytestmark = pytest.mark.system

#: A process that dies in a function of a module. A supervisor is asked for workers as soon as it can be, and goes then.
_DYING = """
import os, signal, sys
from importlib import import_module
room = import_module(sys.argv.pop())
operation, when = sys.argv.pop(), sys.argv.pop()
owner, _, name = operation.rpartition(".")
place = getattr(room, owner) if owner else room
real = getattr(place, name)
def dying(*arguments, **named):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(place, name, dying)
"""

_SUPERVISOR = """
room.Supervisor._told_to_end = lambda self: setattr(self, "_working", True)
room.Supervisor._may_go = lambda self: self._keepers[0]._process is not None
room.supervise(*sys.argv[1:])
"""

_COMMAND = """
from forebay.config.settings import Settings
attached = room.embedded(Settings(), os.environ)
attached.connect(work=True)
attached.leave()
"""

#: As where the kernel does not end children with their parent.
_OUTLIVED = """
import forebay.cli.embedded.valkey as valkey
valkey.with_parent = lambda: None
"""


def steps(step: str) -> list[tuple[str, str]]:
    """Right before and right after each row of a step."""
    return [(when, row.operation) for row in ROWS if row.step == step for when in ("before", "after")]


def die(program: str, *arguments: str) -> None:
    """Runs a program to its death."""
    process = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


def supervisor_dies(home: Home, when: str, operation: str, *, but: str = "") -> None:
    room = "forebay.cli.embedded.supervisor"
    die(_DYING + but + _SUPERVISOR, str(home.data_dir), "mark", when, operation, room)


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    home = Home(folder / ".forebay")
    home.make()
    yield home
    embedded(Settings(), os.environ).stop()


def processes(folder: Path) -> list[int]:
    """Every process that stands in the test's folder, but this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve().is_relative_to(folder) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(("when", "operation"), steps("supervisor"))
def test_a_death_at_any_step_leaves_nothing_running_and_nothing_locked(
    home: Home, folder: Path, when: str, operation: str
) -> None:
    supervisor_dies(home, when, operation)
    until(lambda: not processes(folder), "all that it had started ended")
    assert not home.alive()

    attached = embedded(Settings(), os.environ)
    client = attached.connect(work=False)
    assert client.ping()
    running = home.running()
    assert running
    assert running.began
    attached.detach()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_valkey_that_outlived_its_supervisor_is_ended_whoever_dies_over_that(home: Home, when: str) -> None:
    supervisor_dies(home, "after", "Home.announce", but=_OUTLIVED)
    said = home._embedded / "supervisor.json"
    with connect(json.loads(said.read_text())["url"]) as orphan:
        orphan.set("said", "kept")
    supervisor_dies(home, when, "end_orphan")

    attached = embedded(Settings(), os.environ)
    assert attached.connect(work=False).get("said") == "kept"
    attached.stop()


@pytest.mark.parametrize(("when", "operation"), steps("command, embedded"))
def test_a_command_that_dies_leaves_what_the_next_one_takes_over(
    home: Home, folder: Path, stripe: EndlessStripe, when: str, operation: str
) -> None:
    die(_DYING + _COMMAND, when, operation, "forebay.cli.embedded.attach")

    attached = embedded(Settings(), os.environ)
    assert attached.connect(work=True).ping()
    attached.stop()
    until(lambda: not processes(folder), "all that was started ended")
    assert not home.alive()


def _no_handles(pid: int) -> int:
    raise OSError(errno.ENOSYS, f"no handle of {pid}: Function not implemented")


@pytest.mark.parametrize("has_handles", [True, False])
def test_a_pid_that_was_given_to_another_process_gets_no_signal(
    home: Home, monkeypatch: pytest.MonkeyPatch, has_handles: bool
) -> None:
    if not has_handles:
        monkeypatch.setattr(os, "pidfd_open", _no_handles)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            stale = Running(pid=stranger.pid, url="redis://127.0.0.1:1/0", settings_mark="", began="12")
            home.announce(stale)
            with home.held(1) as held:  # as the next supervisor does while it begins
                assert held
                assert home.running() is None
                _send(stale, signal.SIGTERM)
            assert stranger.poll() is None
            _send(replace(stale, began=process_began(stranger.pid)), signal.SIGTERM)
            assert stranger.wait(10) == -signal.SIGTERM
        finally:
            stranger.kill()


def test_a_data_folder_may_have_any_name(folder: Path) -> None:
    name = 'blanks, "quotes", \\ and ünïcödé 日本 or bytes \udcff'
    settings = Settings(data_dir=folder / name)
    attached = embedded(settings, os.environ)
    attached.connect(work=True).set("said", "kept")
    attached.stop()
    again = embedded(settings, os.environ)
    assert again.connect(work=False).get("said") == "kept"
    again.stop()
    assert any("appendonly" in path.name for path in (folder / name / "valkey").iterdir())
