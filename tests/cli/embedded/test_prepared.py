"""A process that is started before it is known whether it is wanted does nothing until it is told, or ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forebay.cli.embedded import ahead
from forebay.cli.embedded.children import EARLY_QUEUES, SUPERVISOR, prepared_worker
from forebay.cli.embedded.home import Home
from forebay.cli.embedded.prepared import ISOLATED, Prepared
from tests.cli.conftest import finish, start, until

pytestmark = pytest.mark.system


def processes(folder: Path) -> list[int]:
    """Every process that stands in the folder, but this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve() == folder and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def nothing_left(folder: Path) -> Iterator[Path]:
    yield folder
    ahead.drop()
    until(lambda: not processes(folder), "every process ended")


def test_one_that_nobody_tells_ends_with_whoever_started_it_and_has_touched_nothing(nothing_left: Path) -> None:
    supervisor = Prepared([SUPERVISOR, EARLY_QUEUES], os.environ, apart=True)
    until(lambda: len(processes(nothing_left)) == 2, "it had its worker prepared")

    supervisor.let_go()

    assert supervisor.process.wait(30) == 0
    assert list(nothing_left.iterdir()) == []


def test_one_that_is_killed_takes_its_worker_along(nothing_left: Path) -> None:
    supervisor = Prepared([SUPERVISOR, EARLY_QUEUES], os.environ, apart=True)
    until(lambda: len(processes(nothing_left)) == 2, "it had its worker prepared")

    supervisor.process.kill()
    supervisor.process.wait()
    supervisor.let_go()


def test_a_supervisor_without_room_for_another_process_waits_to_be_told_all_the_same(nothing_left: Path) -> None:
    without_room = ["sh", "-c", 'ulimit -n 7; exec "$@"', "sh"]
    supervisor = [sys.executable, *ISOLATED, "-m", SUPERVISOR, EARLY_QUEUES]

    said = subprocess.run([*without_room, *supervisor], stdin=subprocess.DEVNULL, capture_output=True, text=True)

    assert said.returncode == 0, said.stderr


def test_what_is_to_be_called_at_the_end_is_called_by_one_that_ends_at_once() -> None:
    program = (
        "import atexit; from forebay.cli.embedded.prepared import end_at_once\n"
        "atexit.register(print, 'traces are sent'); end_at_once(3)"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (said.returncode, said.stdout) == (3, "traces are sent\n"), said.stderr


def test_one_that_has_ended_says_so_instead_of_being_told(nothing_left: Path) -> None:
    worker = prepared_worker(EARLY_QUEUES, os.environ)
    worker.process.kill()
    worker.process.wait()

    assert not worker.tell(log=os.devnull, server="redis://127.0.0.1:1/0")
    worker.let_go()


def test_what_a_worker_says_once_it_is_told_is_in_its_log(nothing_left: Path) -> None:
    log = nothing_left / "worker.log"
    worker = prepared_worker(EARLY_QUEUES, {**os.environ, "STRIPE_API_KEY": "rk_test_good"})

    assert worker.tell(log=str(log), server="redis://127.0.0.1:1/0")

    assert worker.process.wait(60) != 0
    assert "127.0.0.1:1/0 cannot be reached" in log.read_text()
    worker.let_go()


def test_a_command_takes_what_was_started_ahead_with_its_environment_and_once(nothing_left: Path) -> None:
    ahead.start_ahead(os.environ)

    assert ahead.take({**os.environ, "STRIPE_API_KEY": "another"}) is None
    prepared = ahead.take(os.environ)
    assert prepared
    assert ahead.take(os.environ) is None
    prepared.drop()


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_nothing_is_started_ahead_where_a_redis_is_named(
    where: str, nothing_left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "environment":
        monkeypatch.setenv("FOREBAY_REDIS_URL", "redis://127.0.0.1:1/0")
    else:
        Path(".env").write_text("FOREBAY_REDIS_URL=redis://127.0.0.1:1/0\n")

    ahead.start_ahead(os.environ)

    assert ahead.take(os.environ) is None


def test_nothing_is_started_ahead_beside_a_supervisor_that_lives(nothing_left: Path) -> None:
    home = Home(nothing_left / ".forebay")
    home.make()
    with home.held(1) as held:
        assert held

        ahead.start_ahead(os.environ)

    assert ahead.take(os.environ) is None


def test_input_that_is_refused_leaves_no_folder_and_no_process(nothing_left: Path) -> None:
    said = finish(start("run", "missing.sql"))

    assert said.code == 2, said.err
    assert "missing.sql" in said.err
    assert list(nothing_left.iterdir()) == []
    assert processes(nothing_left) == []


def test_a_command_that_is_killed_at_once_leaves_no_process(nothing_left: Path) -> None:
    (nothing_left / "one.sql").write_text("SELECT 1")
    running = start("run", "one.sql")
    until(lambda: len(processes(nothing_left)) >= 2, "it had started something")

    running.send_signal(signal.SIGKILL)
    running.communicate()


@pytest.mark.parametrize("arguments", [("run", "--help"), ("--help",), ("--version",), ("rnu",), ()])
def test_whoever_only_asks_starts_nothing(arguments: tuple[str, ...], nothing_left: Path) -> None:
    program = (
        "import sys; from forebay.cli.entry import main\n"
        "try: main()\n"
        "finally: from forebay.cli.embedded import ahead; print(ahead._started, file=sys.stderr)"
    )

    said = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)

    assert said.stderr.splitlines()[-1] == "[]"
