from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

import json

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_forebay.forebay_hook import ForebayHook, ForebayServer
from tests.integrations.airflow.scripted_server import ScriptedServer


def test_host_and_token_of_the_connection_are_those_of_the_client(server: ScriptedServer) -> None:
    server.answer("GET /extracts", {"extracts": []})

    assert ForebayHook().test_connection() == (True, "it answers, and has 0 extracts")
    assert server.tokens == {"Bearer fbweb_token"}


def test_who_is_not_let_in_is_told_so(server: ScriptedServer) -> None:
    server.answer("GET /extracts", {"title": "this token is over", "class": "auth", "exit": 4}, status=401)

    well, said = ForebayHook().test_connection()

    assert (well, "this token is over" in said) == (False, True)


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ({"host": "https://forebay.example.com/"}, "https://forebay.example.com"),
        ({"host": "forebay.example.com"}, "https://forebay.example.com"),
        ({"host": "forebay", "schema": "http", "port": 8080}, "http://forebay:8080"),
    ],
)
def test_an_address_may_be_short(words: dict[str, object], url: str) -> None:
    assert ForebayServer.of(Connection(conn_id="c", conn_type="forebay", **words)).url == url


def test_a_connection_without_a_host_is_refused_in_a_sentence() -> None:
    with pytest.raises(AirflowFailException, match="connection c has no host"):
        ForebayServer.of(Connection(conn_id="c", conn_type="forebay"))


def test_the_page_may_have_another_address() -> None:
    extra = json.dumps({"page_url": "https://forebay.example.com/"})
    there = ForebayServer.of(Connection(conn_id="c", conn_type="forebay", host="http://forebay:8080", extra=extra))

    assert there.batch_page("a b") == "https://forebay.example.com/b/a%20b"


def test_the_token_is_not_shown() -> None:
    there = ForebayServer.of(Connection(conn_id="c", conn_type="forebay", host="h", password="fbweb_token"))

    assert "fbweb" not in repr(there)
