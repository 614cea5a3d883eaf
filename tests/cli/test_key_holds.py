"""Two folders with one key on this machine: found by files that their workers hold, and said."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from forebay.cli.embedded import key_holds
from forebay.cli.embedded.attach import embedded
from forebay.cli.embedded.key_holds import KeyHolds
from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.config.secrets import HeldSecret
from forebay.config.settings import Settings
from forebay.config.stripe import Mode
from tests.cli.conftest import Forebay, finish, start, until
from tests.cli.stripe import EndlessStripe

_HOLDER = """
import sys
from pathlib import Path
from forebay.cli.embedded.key_holds import KeyHolds
from tests.cli.test_key_holds import connection
holds = KeyHolds(Path(sys.argv[1]), Path(sys.argv[2]))
holds.hold(connection(cap=int(sys.argv[3])))
print("holds", flush=True)
sys.stdin.read()
"""


def connection(key: str = "rk_test_1", **given: Any) -> Connection:
    secret = HeldSecret(origin="a test", value=SecretStr(key))
    return Connection(**{"name": "acme", "mode": Mode.TEST, "secret": secret, "cap": 100} | given)


@contextmanager
def holder(folder: Path, place: Path, cap: int = 100) -> Iterator[subprocess.Popen[str]]:
    """A worker of another folder."""
    command = [sys.executable, "-c", _HOLDER, str(folder), str(place), str(cap)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "holds\n"
            yield process
        finally:
            process.kill()


def test_another_folder_with_the_same_key_is_named_until_its_workers_are_gone(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    ours = KeyHolds(tmp_path / "ours", place)
    with holder(tmp_path / "theirs", place) as process:
        with pytest.raises(ConfigError, match=r"/theirs works with the same key now, and may fill 100 of Stripe's 100"):
            ours.check(connection())
        with pytest.raises(ConfigError, match="give each its share"):
            ours.hold(connection(cap=1))
        ours.check(connection("rk_test_other"))
        ours.check(connection(api_base="http://127.0.0.1:1"))
        with closing(KeyHolds(tmp_path / "theirs", place)) as its_other_worker:
            its_other_worker.hold(connection())
        with pytest.raises(ConfigError, match="/theirs"):
            ours.check(connection())
        process.send_signal(signal.SIGKILL)
    with closing(ours):
        ours.hold(connection())


def test_folders_that_share_the_cap_do_each_other_no_harm(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    with holder(tmp_path / "theirs", place, 60), closing(KeyHolds(tmp_path / "ours", place)) as ours:
        ours.hold(connection(cap=50, margin=10))
        with pytest.raises(ConfigError, match=r"may fill 100 of Stripe's 100 slots; 1 here"):
            KeyHolds(tmp_path / "third", place).check(connection(cap=1))


def test_what_the_dead_left_is_removed_and_the_key_stands_nowhere(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    with holder(tmp_path / "theirs", place):
        (left,) = place.glob("*.json")
        assert "rk_test" not in left.read_text() + left.name
        assert left.stat().st_mode & 0o777 == 0o600
    KeyHolds(tmp_path / "ours", place).check(connection("rk_test_other"))
    assert list(place.glob("*.json")) == []


def test_where_folders_cannot_meet_work_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "keys").write_text("a file")
    KeyHolds(tmp_path / "ours", tmp_path / "keys").hold(connection())
    assert "cannot be told here" in caplog.text


def test_who_looks_and_was_stopped_in_between_holds_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_holds, "PATIENCE_S", 0.1)
    (tmp_path / "keys").mkdir()
    with (tmp_path / "keys" / ".guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        KeyHolds(tmp_path / "ours", tmp_path / "keys").check(connection())
    assert "does not get to an end" in caplog.text


@pytest.mark.parametrize("text", ['{"folder": "/a", "slots": 100, "new": 1}', "{", "[]", ""])
def test_what_another_release_wrote_of_a_held_key_is_read_as_far_as_it_can_be(tmp_path: Path, text: str) -> None:
    place = tmp_path / "keys"
    with holder(tmp_path / "theirs", place):
        (held,) = place.glob("*.json")
        held.write_text(text)
        ours = KeyHolds(tmp_path / "ours", place)
        if text.startswith('{"'):
            with pytest.raises(ConfigError, match="/a works with the same key now, and may fill 100"):
                ours.check(connection())
        else:
            ours.check(connection())


@pytest.mark.system
def test_a_run_in_a_second_folder_is_refused_before_anything_is_written(
    stripe: EndlessStripe, queries: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Settings()
    run = start("run", *queries)
    try:
        until(lambda: len(stripe.created) == 3, "the queries were started")
        monkeypatch.setenv("FOREBAY_DATA_DIR", "second")
        monkeypatch.setenv("FOREBAY_LEDGER", "second/ledger")
        said = finish(start("run", *queries))
        assert said.code == 2
        assert f"{folder / '.forebay'} works with the same key now" in said.err
        assert not (folder / "second" / "ledger" / "batches").exists()
        assert len(stripe.created) == 3
    finally:
        run.send_signal(signal.SIGTERM)
        finish(run)
        embedded(Settings(), os.environ).stop()
        embedded(first, os.environ).stop()


def test_a_connection_that_was_renamed_waits_for_the_work_of_its_old_name(
    deployed: redis.Redis, stripe: EndlessStripe, queries: list[str], folder: Path, forebay: Forebay
) -> None:
    assert forebay("submit", *queries).code == 0
    acme = f'{{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{stripe.url}"}}'
    (folder / "forebay.yaml").write_text(f"version: 1\nconnections:\n  acme: {acme}\n")
    said = forebay("submit", *queries)
    assert said.code == 2
    assert "connection default works with the same key as acme" in said.err
    assert "or let acme be called default" in said.err
    (folder / "forebay.yaml").write_text(f"version: 1\nconnections:\n  default: {acme}\n")
    assert forebay("submit", *queries).code == 0
