"""The embedded services: one supervisor a data folder, whatever ends it, and nothing left when it is gone."""

import contextlib
import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.deployment import open_deployment
from forebay.cli.embedded.attach import Attached, embedded, settings_mark
from forebay.cli.embedded.home import Home
from forebay.cli.errors import EmbeddedFailed, OtherSettings, WorkersDown
from forebay.cli.following.evidence import standstill
from forebay.cli.output.cause import CauseKind
from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.config.standing import Standing
from forebay.governor import keys
from forebay.governor.contract import LaneLimits
from forebay.governor.errors import RedisSilent, WritesRefused
from forebay.governor.governor import Governor
from forebay.governor.redis_client import check_writes
from forebay.store.local import LocalStore
from tests.cli.conftest import until
from tests.governor.driver import reconcile

pytestmark = pytest.mark.system

LIMITS = LaneLimits(cap=1, margin=0, creates_per_s=1, retrieves_per_s=1, requests_per_s=1)


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    """A data folder whose supervisor is gone when the test is, and everything else of it too."""
    home = Home(folder / ".forebay")
    home.make()
    yield home
    _attach().stop()
    until(lambda: not _processes(home), "every process of the data folder ended")


def _attach(**environment: str) -> Attached:
    return embedded(Settings(), {**os.environ, **environment})


def _processes(home: Home) -> list[int]:
    """Every process that stands in the test's folder, as all of ours do, but this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").resolve().is_relative_to(home.data_dir.parent):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def _pid(home: Home) -> int:
    running = home.running()
    assert running
    return running.pid


def _unfinished(client: redis.Redis) -> Governor:
    """A run that waits for a worker for ever."""
    governor = Governor(client, "default:test")
    governor.configure(LIMITS)
    reconcile(governor)
    governor.open_flow("b1", 1)
    return governor


def test_a_second_command_attaches_to_what_the_first_one_started(home: Home) -> None:
    first, second = _attach(), _attach()

    first.connect(work=False).set("said", "by the first")

    assert second.connect(work=False).get("said") == "by the first"
    second.leave()
    assert home.alive()
    first.leave()
    assert not home.alive()


def test_leaving_unfinished_work_leaves_the_services_to_it(home: Home) -> None:
    attached = _attach()
    governor = _unfinished(attached.connect(work=True))
    pid = _pid(home)

    attached.leave()
    again = _attach()

    assert again.connect(work=False).zcard(governor.keys.slots) == 1
    assert _pid(home) == pid
    again.detach()


def test_stopping_ends_everything_and_keeps_the_data(home: Home) -> None:
    attached = _attach()
    _unfinished(attached.connect(work=True))
    until(lambda: len(_processes(home)) >= 3, "workers started")

    attached.stop()

    assert not home.alive()
    assert _processes(home) == []
    assert _attach().connect(work=False).exists("fb:{default:test}:flow:b1")


def test_a_killed_supervisor_takes_its_children_along_and_the_next_one_finds_the_data(home: Home) -> None:
    attached = _attach()
    client = attached.connect(work=True)
    _unfinished(client)
    client.execute_command("WAITAOF", 1, 0, 5000)
    until(lambda: len(_processes(home)) >= 3, "workers started")
    killed = _pid(home)

    os.kill(killed, signal.SIGKILL)
    until(lambda: not home.alive(), "the kernel let go of its lock")
    attached.detach()
    again = attached.connect(work=False)

    assert again.exists("fb:{default:test}:flow:b1")
    assert _pid(home) != killed


def test_a_left_over_announcement_misleads_nobody(home: Home) -> None:
    """After a power cut the file is there, its pid is somebody else's, and its port too."""
    said = {"pid": os.getpid(), "url": "redis://:old@127.0.0.1:1/0", "settings_mark": "old"}
    (home.data_dir / "embedded" / "supervisor.json").write_text(json.dumps(said))

    assert home.running() is None
    assert _attach().connect(work=False).ping()


def test_workers_go_on_for_what_a_batch_takes_along_and_not_for_what_they_were_started_with(home: Home) -> None:
    def mark(**changed: Any) -> str:
        return settings_mark(Settings(data_dir=home.data_dir, **changed), {})

    assert mark(format="zip") == mark(cap=5) == mark(output="out") == mark()
    assert mark(express_bytes=0) != mark()


def test_the_password_is_for_this_user_alone(home: Home) -> None:
    attached = _attach(STRIPE_API_KEY="rk_test_secret")
    attached.connect(work=True)
    running = home.running()
    assert running
    password = running.url.split("@")[0].rsplit(":", 1)[1]
    until(lambda: len(_processes(home)) >= 3, "workers started")

    for path in (home.data_dir / "embedded" / "supervisor.json", home.valkey / "valkey.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for pid in _processes(home):
        with contextlib.suppress(FileNotFoundError):
            command = Path(f"/proc/{pid}/cmdline").read_text()
            assert password not in command
            assert "rk_test_secret" not in command


def test_what_is_ours_is_for_this_user_alone_whatever_the_umask_and_an_earlier_release_let(home: Home) -> None:
    (home.data_dir / "ledger" / "batches").mkdir(parents=True, mode=0o755)
    for path in (home.data_dir, home.logs, home.valkey, home.data_dir / "ledger"):
        path.chmod(0o755)
    umask = os.umask(0)
    try:
        attached = _attach()
        attached.connect(work=True)
        until(lambda: len(_processes(home)) >= 3, "workers started")
        LocalStore(home.data_dir / "ledger").put("batches/b/batch.json", b"{}")
    finally:
        os.umask(umask)

    assert stat.S_IMODE(home.data_dir.stat().st_mode) == 0o700
    others = home.data_dir / "ledger" / "batches"  # made by the test; nobody comes through the folders above
    seen = {path: stat.S_IMODE(path.stat().st_mode) for path in home.data_dir.rglob("*") if path != others}
    assert {path.name for path in seen} >= {"lock", "supervisor.json", "valkey.log", "supervisor.log", "batch.json"}
    assert any("appendonly" in path.name for path in seen)
    assert {path: oct(mode) for path, mode in seen.items() if mode & 0o077} == {}


def test_what_a_supervisor_was_writing_when_it_was_killed_is_removed_by_the_next(home: Home) -> None:
    left = home.data_dir / "embedded" / ".supervisor.json.0123abcd.draft"
    left.touch()
    _attach().connect(work=False)
    assert not left.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_read_only_folder_is_told_in_a_sentence(folder: Path) -> None:
    mounted = folder / "mounted"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,ro", "tmpfs", mounted], check=True)
    try:
        with pytest.raises(
            ConfigError, match=r"cannot be the data folder \(Read-only file system\): set FOREBAY_DATA_DIR"
        ):
            embedded(Settings(data_dir=mounted / ".forebay"), os.environ)
    finally:
        subprocess.run(["umount", mounted], check=True)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A data folder on a disk of its own, which a file `fill` of any size fills."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts")
    home = folder / "small" / ".forebay"
    home.parent.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", home.parent], check=True)
    yield home
    subprocess.run(["umount", home.parent], check=True)


def _fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "fill").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def test_on_a_full_disk_commands_still_read_and_are_told_why_nothing_is_written(small_disk: Path) -> None:
    settings = Settings(data_dir=small_disk)
    first, second = (embedded(settings, os.environ) for _ in range(2))
    client = first.connect(work=False)
    client.set("said", "before")
    _fill(small_disk)
    until(lambda: _refusal(client), "writes were refused")

    # A server that refuses writes was taken for none, and waited for until the patience was over.
    assert second.connect(work=False).get("said") == "before"
    assert _refusal(client) == (
        "Redis refuses writes: its disk is full (MISCONF Errors writing to the AOF file: No space left on device)"
    )
    (small_disk / "fill").unlink()
    until(lambda: not _refusal(client), "writes were taken again")
    second.detach()
    first.stop()


def test_on_a_full_disk_nothing_is_started_and_the_disk_is_named(small_disk: Path) -> None:
    attached = embedded(Settings(data_dir=small_disk), os.environ)
    _fill(small_disk)
    with pytest.raises(EmbeddedFailed, match=r"nothing can be written to .*/small/\.forebay: No space left") as failed:
        attached.connect(work=False)
    assert "make room there" in failed.value.way_out
    assert [path.name for path in (small_disk / "embedded").iterdir()] == ["lock"]


def _refusal(client: redis.Redis) -> str:
    try:
        check_writes(client)
    except WritesRefused as error:
        return str(error)
    return ""


def test_valkey_keeps_what_it_is_told_and_is_started_again_when_it_dies(home: Home) -> None:
    client = _attach().connect(work=False)

    assert client.config_get("appendonly")["appendonly"] == "yes"
    assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    assert client.config_get("bind")["bind"] == "127.0.0.1"
    client.set("kept", "yes")
    os.kill(client.info("server")["process_id"], signal.SIGTERM)
    until(lambda: _answers(client), "it came back")
    assert client.get("kept") == "yes"


def test_a_valkey_that_is_stopped_is_told_as_that_and_not_as_a_start_that_failed(home: Home) -> None:
    first, second = _attach(), _attach()
    client = first.connect(work=False)
    pid = client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(RedisSilent, match="Redis gives no answer"):
            second.connect(work=False)
    finally:
        os.kill(pid, signal.SIGCONT)
    second.connect(work=False)
    second.leave()
    first.leave()


def _answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


def test_workers_with_another_key_are_started_anew_unless_somebody_else_needs_them(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _attach()
    first.connect(work=True)
    pid = _pid(home)
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_another")
    second = _attach()

    with pytest.raises(OtherSettings, match="another forebay works in"):
        second.connect(work=True)
    first.detach()
    second.connect(work=True)

    assert _pid(home) != pid


def test_a_worker_that_is_killed_is_started_again(home: Home) -> None:
    client = _attach().connect(work=True)
    until(lambda: len(_workers(home)) == 2, "both workers started")
    before = _workers(home)

    os.kill(min(before), signal.SIGKILL)

    until(lambda: len(_workers(home) - {min(before)}) == 2, "another one took its place")
    assert client.ping()
    assert "ended by signal 9; starting it again" in (home.logs / "supervisor.log").read_text()


def _workers(home: Home) -> set[int]:
    found = set()
    for pid in _processes(home):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if "forebay.cli.embedded.worker_process" in Path(f"/proc/{pid}/cmdline").read_text():
                found.add(pid)
    return found


def test_a_users_own_modules_do_not_become_ours(home: Home, folder: Path) -> None:
    for name in ("config.py", "store.py", "worker.py"):
        (folder / name).write_text("raise SystemExit('the user\\'s own')")

    client = _attach().connect(work=True)

    until(lambda: list(client.scan_iter(keys.alive("*"))), "a worker was alive")


def test_a_worker_that_dies_as_it_starts_is_told_with_its_last_words(home: Home, folder: Path) -> None:
    (folder / "broken" / "celery").mkdir(parents=True)
    (folder / "broken" / "celery" / "__init__.py").write_text("raise SystemExit('celery is broken here')")
    attached = _attach(PYTHONPATH=str(folder / "broken"))
    _unfinished(attached.connect(work=True))

    until(home.trouble, "the supervisor noticed")

    with pytest.raises(WorkersDown, match="celery is broken here"):
        attached.check_workers()
    attached.stop()
    assert home.trouble() is None


def test_its_workers_are_missed_only_while_there_is_something_to_do(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_good")
    with open_deployment(Settings()) as deployment:
        governor = Governor(deployment.redis, "default:test")
        governor.configure(LIMITS)
        view = deployment.reader.view
        idle = standstill(deployment, view.each_lane())
        reconcile(governor)
        governor.open_flow("b1", 1, Standing())
        waiting = standstill(deployment, view.each_lane())
        governor.cancel("b1")

    assert idle == []
    assert [cause.kind for cause in waiting] == [CauseKind.NO_WORKER]
