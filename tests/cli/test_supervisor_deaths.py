"""A supervisor that is killed at each step: nothing of it runs on, no lock stays, and the next one works."""

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
from tests.cli.conftest import until

pytestmark = pytest.mark.system

#: A supervisor that dies at a step. It is asked for workers as soon as it can be.
_DYING = """
import os, signal, sys
import forebay.cli.embedded.supervisor as supervisor
owner, name, when = sys.argv.pop(), sys.argv.pop(), sys.argv.pop()
place = getattr(supervisor, owner) if owner else supervisor
real = getattr(place, name)
def dying(*arguments, **named):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(place, name, dying)
supervisor.Supervisor._told_to_end = lambda self: setattr(self, "_working", True)
supervisor.main()
"""

STEPS = [
    ("before", "end_orphan", ""),
    ("before", "start", "Valkey"),
    ("after", "start", "Valkey"),
    ("after", "announce", "Home"),
    ("after", "advance", "Keeper"),
    ("before", "_end", "Supervisor"),
]


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


@pytest.mark.parametrize(("when", "name", "owner"), STEPS)
def test_a_death_at_any_step_leaves_nothing_running_and_nothing_locked(
    home: Home, folder: Path, when: str, name: str, owner: str
) -> None:
    end = "supervisor.Supervisor._may_go = lambda self: True\n" if name == "_end" else ""
    program = _DYING.replace("supervisor.main()", f"{end}supervisor.main()")
    process = subprocess.run(
        [sys.executable, "-c", program, str(home.data_dir), "mark", when, name, owner],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    until(lambda: not processes(folder), "all that it had started ended")
    assert not home.alive()

    attached = embedded(Settings(), os.environ)
    client = attached.connect(work=False)
    assert client.ping()
    running = home.running()
    assert running
    assert running.began
    attached.detach()


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
            (home.data_dir / "embedded" / "supervisor.json").write_text(
                json.dumps({"pid": stale.pid, "url": stale.url, "settings_mark": "", "began": stale.began})
            )
            with home.held(1) as held:  # as the next supervisor does while it begins
                assert held
                assert home.running() == stale
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
