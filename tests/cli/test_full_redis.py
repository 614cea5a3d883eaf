"""A Redis that is full is named as the cause, within seconds and in each mode: nothing waits for it in silence."""

import signal
from collections.abc import Iterator

import pytest
import redis

from tests.cli.conftest import Forebay, start

CAUSE = "Redis refuses writes: its memory is full (maxmemory)"


@pytest.fixture
def full(deployed: redis.Redis) -> Iterator[redis.Redis]:
    """A deployment's Redis that took a batch, and takes nothing more."""
    yield deployed
    deployed.config_set("maxmemory", 0)


def fill(client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)


@pytest.mark.system
@pytest.mark.parametrize("mode", ["--no-progress", "--json"])
def test_a_batch_that_is_followed_says_that_nothing_moves_and_why(
    full: redis.Redis, queries: list[str], mode: str
) -> None:
    process = start("run", *queries, mode)
    told = process.stdout if mode == "--json" else process.stderr
    assert told
    try:
        assert any(line.startswith(("batch ", '{"event": "submitted"')) for line in told)
        fill(full)
        assert any(f"nothing moves: {CAUSE}" in line for line in told)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 143
    finally:
        process.kill()
        process.communicate()


def test_a_wait_that_ends_says_that_nothing_moved_and_why(
    full: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    submitted = forebay("submit", *queries)
    fill(full)
    said = forebay("run", *queries)
    assert (said.code, CAUSE in said.err) == (2, True)
    assert submitted.out.strip()


def test_ls_and_lanes_show_what_can_be_read_and_say_that_nothing_moves(
    full: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    forebay("submit", *queries)
    fill(full)
    for command in ("ls", "lanes"):
        said = forebay(command)
        assert said.code == 0
        assert "3" in said.out
        assert said.err.startswith(f"nothing moves: {CAUSE} → make room")
        assert said.err.count("\n") == 1
        (told,) = (event for event in forebay(command, "--json").events if event["event"] == "cause")
        assert (told["cause"], told["message"]) == ("refuses_writes", f"nothing moves: {CAUSE}")


def test_doctor_names_the_cause_and_what_mends_it(full: redis.Redis, forebay: Forebay) -> None:
    fill(full)
    said = forebay("doctor")
    assert said.code == 2
    assert CAUSE in said.out
    assert "make room where Redis keeps its data" in said.out
    assert "they wait until Redis takes writes again" in said.out


def test_a_health_check_says_why_no_worker_can_be_alive(full: redis.Redis, forebay: Forebay) -> None:
    fill(full)
    said = forebay("worker", "--check")
    assert said.code == 10
    assert CAUSE in said.err
