"""What a supervisor of another release says of itself is read as far as it is known here."""

import fcntl
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from forebay.cli.embedded.home import Home, Running, process_began

SAID: dict[str, Any] = {"pid": 7, "url": "redis://127.0.0.1:1/0", "settings_mark": "m"}


@pytest.mark.parametrize(
    ("said", "running"),
    [
        ({**SAID, "began": "9", "new": [1]}, Running(pid=7, url=SAID["url"], settings_mark="m", began="9")),
        (SAID, Running(pid=7, url=SAID["url"], settings_mark="m")),
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
