"""The two clients over a transport of the test's own: they are twins, and say who asks."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from base64 import b64encode
from contextlib import suppress
from typing import Any

import httpx
import pytest

import forebay_client
from forebay.web.api.end_watch import MOST_WAITING
from forebay_client import AsyncClient, Client, InputRefused, Unreachable, async_client, sync_client
from tests.client.told import batch_facts


def shape(kind: type) -> dict[str, str]:
    """The methods that users see, each with what it takes, gives and is for, without what makes it async."""
    shown = {}
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        plain = name.replace("__a", "__") if name in ("__aenter__", "__aexit__") else name
        if plain == name and name.startswith("_") and name not in ("__init__", "__enter__", "__exit__", "__repr__"):
            continue
        told = f"{inspect.signature(method)} {inspect.getdoc(method)}"
        shown[plain] = re.sub(r"Async(Batch|Base|Iter|Wire)", r"\1", told)
    return shown


@pytest.mark.parametrize(
    ("blocks", "awaits"),
    [(Client, AsyncClient), (sync_client.BatchHandle, async_client.AsyncBatchHandle)],
)
def test_the_clients_are_twins(blocks: type, awaits: type) -> None:
    assert shape(blocks) == shape(awaits)


def test_what_the_module_names_is_there_and_sorted() -> None:
    assert all(hasattr(forebay_client, name) for name in forebay_client.__all__)
    assert forebay_client.__all__ == sorted(forebay_client.__all__)


def answering(asked: list[httpx.Request]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=batch_facts(state="landed", landed=3, ended=True, exit=0))

    return httpx.MockTransport(answer)


def test_each_request_says_who_asks_and_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.Request] = []
    monkeypatch.setenv("FOREBAY_URL", "https://forebay.example.com/here")
    monkeypatch.setenv("FOREBAY_TOKEN", "fbweb_1")

    with Client(transport=answering(asked)) as client:
        assert client.batch("b1").wait(5).landed == 3

    async def waits() -> int:
        async with AsyncClient(transport=answering(asked)) as client:
            return (await client.batch("b1").wait(5)).landed

    assert asyncio.run(waits()) == 3
    assert [str(request.url) for request in asked] == ["https://forebay.example.com/here/api/v1/batches/b1?wait=5"] * 2
    assert {request.headers["authorization"] for request in asked} == {"Bearer fbweb_1"}


def test_a_token_of_the_environment_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.Request] = []
    monkeypatch.setenv("FOREBAY_TOKEN", "fbweb_1")

    Client("https://other.example.com", transport=answering(asked)).batch("b1").status()

    assert "authorization" not in asked[0].headers


def test_the_token_of_a_file_is_sent_without_the_end_of_its_line() -> None:
    asked: list[httpx.Request] = []

    with Client("http://x", token="fbweb_1\n", transport=answering(asked)) as client:
        client.batch("b1").status()

    assert asked[0].headers["authorization"] == "Bearer fbweb_1"


@pytest.mark.parametrize("token", ["fbweb_…SECRET", "fbweb_\nSECRET", "fbweb_\x00SECRET"])
def test_a_token_that_no_header_can_have_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(InputRefused, match="the token has a character") as told:
        Client("http://x", token=token)

    assert "SECRET" not in repr(told.value)


def test_a_password_in_the_address_is_sent_and_logged_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="httpx")  # what a worker sets up keeps it silent
    asked: list[httpx.Request] = []

    with Client("http://ana:SECRET@x", transport=answering(asked)) as client:
        client.batch("b1").status()

    assert asked[0].headers["authorization"] == f"Basic {b64encode(b'ana:SECRET').decode()}"
    assert "GET http://x/" in caplog.text, "it was logged"  # with its path, unless a worker set up logs in this process
    assert "SECRET" not in caplog.text


def test_a_token_and_a_password_at_once_are_refused_since_one_of_them_would_not_be_sent() -> None:
    with pytest.raises(InputRefused, match="a token, or a name and password in the URL") as told:
        Client("http://ana:SECRET@x", token="fbweb_1")

    assert "SECRET" not in repr(told.value)


def test_without_a_server_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOREBAY_URL", raising=False)

    with pytest.raises(InputRefused, match="no server is named"):
        Client()


@pytest.mark.parametrize(("url", "token"), [("http://ana:SECRET@127.0.0.1:9", None), ("http://127.0.0.1:9", "SECRET")])
def test_a_server_that_is_not_there_is_named_without_what_was_in_the_request(url: str, token: str | None) -> None:
    with Client(url, token=token) as client:
        handle = client.batch("b1")
        with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached") as told:
            handle.retry()

    assert "SECRET" not in f"{told.value}{told.value.__cause__}{vars(told.value)}"


def test_an_answer_that_cannot_be_unpacked_is_an_error_of_the_clients_own() -> None:
    broken = httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"xx"))

    async def retries() -> None:
        async with AsyncClient("http://x", transport=broken) as client:
            await client.batch("b1").retry()

    with Client("http://x", transport=broken) as client, pytest.raises(Unreachable, match="http://x did not answer"):
        client.batch("b1").retry()
    with pytest.raises(Unreachable, match="http://x did not answer"):
        asyncio.run(retries())


def test_as_many_wait_at_once_as_the_server_holds_back_and_others_are_not_behind_them() -> None:
    ended = json.dumps(batch_facts(state="landed", landed=3, ended=True, exit=0)).encode()

    async def seen_at_once() -> int:
        everybody, there = asyncio.Event(), 0

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal there
            await reader.readuntil(b"\r\n\r\n")
            there += 1
            if there > MOST_WAITING:
                everybody.set()
            await everybody.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(ended) + ended)
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with AsyncClient(f"http://127.0.0.1:{port}") as client:
                waits = asyncio.gather(*(client.batch(f"b{n}").wait() for n in range(MOST_WAITING + 1)))
                with suppress(TimeoutError):
                    await asyncio.wait_for(everybody.wait(), 20)
                seen = there
                everybody.set()
                await waits
        return seen

    assert asyncio.run(seen_at_once()) == MOST_WAITING + 1


def test_all_pages_are_read_one_after_the_other() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["start"])
        run = {"lane": "l", "index": start, "name": f"q{start}", "account": None, "state": "landed", "failure": None}
        return httpx.Response(200, json={"runs": [run], "next": start + 1 if start < 2 else None, "size": 3})

    async def names() -> list[Any]:
        async with AsyncClient("http://x", transport=httpx.MockTransport(answer)) as client:
            return [run.name async for run in client.batch("b1").runs(state="landed")]

    with Client("http://x", transport=httpx.MockTransport(answer)) as client:
        assert [run.name for run in client.batch("b1").runs()] == ["q0", "q1", "q2"] == asyncio.run(names())
