"""What a worker process says of itself: ready while it works, alive while a new start would mend nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forebay.config.redis_server import read_redis_url
from forebay.governor.deployment.heartbeats import SENDING, Heartbeats
from forebay.governor.errors import GovernorError
from forebay.governor.keys import stuck
from forebay.governor.redis_client import connect
from forebay.runtime.health_files import HealthFiles
from forebay.runtime.runtime import Runtime
from forebay.worker.signs_of_life import HUNG_S, SILENT_S, SignsOfLife
from tests.servers.valkey import valkey_server


@pytest.fixture
def folder(tmp_path: Path, runtime: Runtime) -> Path:
    runtime.health = HealthFiles.begun(tmp_path / "health", runtime.monotonic_s)
    (tmp_path / "health" / "alive").unlink()
    return tmp_path / "health"


def signs(runtime: Runtime, *, trouble: str | None = None) -> SignsOfLife:
    return SignsOfLife(runtime, 1, lambda: None, lambda: trouble)


def said(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@contextmanager
def silent_for(runtime: Runtime, seconds: float) -> Iterator[None]:
    """Lets the only thread be at a step that has not got on for so long."""
    now_s = [0.0]
    runtime.under_way._monotonic_s = lambda: now_s[0]
    with runtime.under_way.step("download of b/0"):
        now_s[0] = seconds
        yield


def test_a_process_that_works_is_ready_and_alive(runtime: Runtime, folder: Path) -> None:
    signs(runtime).beat()
    signs(runtime).went_round()
    assert said(folder) == {"alive", "ready"}


def test_one_that_cannot_send_is_ready_for_looks_and_downloads_go_on(runtime: Runtime, folder: Path) -> None:
    signs(runtime, trouble="the ledger takes no note").beat()
    assert said(folder) == {"ready"}
    assert Heartbeats(runtime.redis).trouble(SENDING) == "the ledger takes no note"
    runtime.redis.delete(stuck(SENDING))


def test_without_redis_it_is_alive_and_not_ready(runtime: Runtime, folder: Path) -> None:
    with valkey_server() as url:
        gone = connect(read_redis_url(url))
    runtime.reconnect(gone)

    with pytest.raises(GovernorError):
        signs(runtime).beat()
    signs(runtime).went_round()

    assert said(folder) == {"alive"}


def test_one_whose_threads_do_not_get_on_is_alive_and_not_ready(runtime: Runtime, folder: Path) -> None:
    with silent_for(runtime, SILENT_S + 1):
        signs(runtime).beat()
        signs(runtime).went_round()
    assert said(folder) == {"alive"}
    runtime.redis.delete(stuck(socket.gethostname()))


def test_one_whose_threads_hang_for_ever_is_not_even_alive(runtime: Runtime, folder: Path) -> None:
    with silent_for(runtime, HUNG_S + 1):
        signs(runtime).beat()
        signs(runtime).went_round()
    assert said(folder) == set()
    runtime.redis.delete(stuck(socket.gethostname()))
