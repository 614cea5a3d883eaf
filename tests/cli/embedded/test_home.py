"""What a supervisor of another release says of itself is read as far as it is known here."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from forebay.cli.embedded.home import Home, Running

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
