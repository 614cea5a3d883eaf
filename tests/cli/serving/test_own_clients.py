"""A client without a server: what it finds, what it says where it finds nothing, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

import forebay
from forebay import InputRefused
from tests.servers.processes import FOREIGN, wait_until


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [each for each in os.environ if each.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_opens_nothing_before_it_is_asked(folder: Path) -> None:
    forebay.Client().close()

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("client", [forebay.Client, forebay.AsyncClient])
@pytest.mark.parametrize(("url", "token"), [("", None), (None, "fbweb_1")])
def test_who_means_a_server_and_names_none_gets_no_deployment_of_his_own(
    client: type[forebay.Client], url: str | None, token: str | None
) -> None:
    with pytest.raises(InputRefused, match="no server is named"):
        client(url, token=token)


def test_a_redis_that_is_not_there_is_told_at_once_and_found_later(
    monkeypatch: pytest.MonkeyPatch, valkey_url: str
) -> None:
    monkeypatch.setenv("FOREBAY_REDIS_URL", "redis://127.0.0.1:1")
    with forebay.Client() as client:
        with pytest.raises(InputRefused, match="FOREBAY_REDIS_URL"):
            client.lanes()

        monkeypatch.setenv("FOREBAY_REDIS_URL", valkey_url)
        assert client.lanes() == []


def test_a_spec_that_is_wrong_is_told_in_its_sentence(folder: Path) -> None:
    (folder / "forebay.yaml").write_text("version: 1\nconections: {}\n")

    async def asks() -> None:
        async with forebay.AsyncClient() as client:
            await client.lanes()

    for ask in (lambda: forebay.Client().lanes(), lambda: asyncio.run(asks())):
        with pytest.raises(InputRefused, match="connections"):
            ask()


def test_it_may_be_used_where_a_loop_runs_already(monkeypatch: pytest.MonkeyPatch, valkey_url: str) -> None:
    monkeypatch.setenv("FOREBAY_REDIS_URL", valkey_url)

    async def cell() -> int:
        with forebay.Client() as client:
            return len(client.lanes())

    assert asyncio.run(cell()) == 0


def test_whoever_closes_it_ends_what_is_under_way_and_its_thread(
    monkeypatch: pytest.MonkeyPatch, valkey_url: str, folder: Path
) -> None:
    monkeypatch.setenv("FOREBAY_REDIS_URL", valkey_url)
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_nobody_is_asked")
    client = forebay.Client()
    client.lanes()
    assert [thread for thread in threading.enumerate() if thread.name == "forebay-client"]

    client.close()

    wait_until(
        lambda: not [each for each in threading.enumerate() if each.name == "forebay-client"], "its thread's end"
    )
    with pytest.raises(RuntimeError, match="closed"):
        client.lanes()
