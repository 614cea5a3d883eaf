"""What a supervisor of another release says of itself is read as far as it is known here."""

import fcntl
import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from forebay.cli.embedded import home as module
from forebay.cli.embedded.home import Home, Running, process_began, process_lives

ME = {"pid": os.getpid(), "url": "redis://127.0.0.1:1/0", "settings_mark": "m"}
BEGAN = process_began(os.getpid())


@pytest.mark.parametrize(
    ("said", "running"),
    [
        ({**ME, "began": BEGAN, "new": [1]}, Running(**ME, began=BEGAN)),
        (ME, Running(**ME)),
        ({"pid": 7}, None),
        ([], None),
        (7, None),
    ],
)
def test_another_release_is_understood(tmp_path: Path, said: object, running: Running | None) -> None:
    home = Home(tmp_path / ".forebay")
    home.make()
    (home.data_dir / "embedded" / "supervisor.json").write_text(json.dumps(said))
    with (home.data_dir / "embedded" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert home.running() == running


def said_by(process: subprocess.Popen[bytes], *, tells_when_it_began: bool) -> Running:
    began = process_began(process.pid) if tells_when_it_began else ""
    return Running(pid=process.pid, url="redis://127.0.0.1:1/0", settings_mark="", began=began)


@pytest.mark.parametrize("tells_when_it_began", [True, False])
@pytest.mark.parametrize("is_reaped", [True, False])
def test_what_a_killed_supervisor_said_holds_no_more_while_the_next_one_begins(
    tmp_path: Path, tells_when_it_began: bool, is_reaped: bool
) -> None:
    home = Home(tmp_path / ".forebay")
    home.make()
    with subprocess.Popen(["sleep", "60"]) as process, (home.data_dir / "embedded" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the next one has
        said = said_by(process, tells_when_it_began=tells_when_it_began)
        home.announce(said)
        assert home.running() == said
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | (0 if is_reaped else os.WNOWAIT))
        assert home.running() is None
        process.returncode = -signal.SIGKILL if is_reaped else None


def test_where_the_system_does_not_say_when_a_process_began_any_that_has_its_pid_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "process_began", lambda pid: "")
    with subprocess.Popen(["sleep", "60"]) as process:
        assert process_lives(process.pid, "")
        process.kill()
    assert not process_lives(process.pid, "")


@pytest.mark.parametrize(
    ("began", "waits"),
    [
        pytest.param(process_began(os.getpid()), False, id="of this process"),
        pytest.param("of one that was killed", True, id="of one that was killed"),
    ],
)
def test_nobody_waits_for_the_lock_of_a_supervisor_that_may_be_used(tmp_path: Path, began: str, waits: bool) -> None:
    home = Home(tmp_path / ".forebay")
    home.make()
    home.announce(Running(pid=os.getpid(), url="redis://127.0.0.1:1/0", settings_mark="", began=began))
    got: list[bool] = []

    def wait() -> None:
        with home.held(60.0) as held:
            got.append(held)

    with (home.data_dir / "embedded" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=wait)
        waiting.start()
        if not waits:
            waiting.join(30)
            assert got == [False]
    waiting.join(30)
    assert got == [waits]
