import httpx
import pytest

from forebay.queryrun.errors import NotFoundError, ProviderError
from forebay.queryrun.tables import Column, fetch_tables

API = "http://127.0.0.1:8420"


def answering(response: httpx.Response) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: response)


def test_tables_are_read_and_no_key_is_sent() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"tables": {"charges": [{"name": "id", "type": "VARCHAR", "more": 1}]}})

    tables = fetch_tables(API, transport=httpx.MockTransport(answer))

    assert tables == {"charges": (Column(name="id", type="VARCHAR"),)}
    assert asked[0].url.path == "/sandbox/schema"
    assert "authorization" not in asked[0].headers


def test_a_server_that_has_no_such_page_does_not_tell() -> None:
    with pytest.raises(NotFoundError, match="does not tell its tables"):
        fetch_tables(API, transport=answering(httpx.Response(404)))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"tables": [1]}),
        httpx.Response(200, json={"tables": {"a": [{"name": "x"}]}}),
    ],
)
def test_an_answer_that_is_none_is_an_error(response: httpx.Response) -> None:
    with pytest.raises(ProviderError):
        fetch_tables(API, transport=answering(response))


def test_no_answer_is_an_error() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ProviderError, match=r"no answer from http://127\.0\.0\.1:8420: ConnectError"):
        fetch_tables(API, transport=httpx.MockTransport(refuse))
