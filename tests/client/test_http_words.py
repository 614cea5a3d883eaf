"""How answers of HTTP become results and exceptions."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from forebay.cli.exits import Exit
from forebay_client import asking, errors, http_words
from forebay_client.errors import CLASSES, ForebayError

#: Of processes, and not of batches: errors.py says what each is in Python.
OF_PROCESSES = {Exit.OK, Exit.HUNG, Exit.INTERRUPTED, Exit.TERMINATED}


def answer(status: int, facts: Any = None, text: str = "") -> httpx.Response:
    content = text if facts is None else json.dumps(facts)
    request = httpx.Request("GET", "http://x/api/v1/lanes")
    return httpx.Response(status, text=content, headers={"content-type": "application/problem+json"}, request=request)


def told(status: int, **facts: Any) -> ForebayError:
    with pytest.raises(ForebayError) as caught:
        http_words.read(asking.lanes(), answer(status, facts))
    return caught.value


def test_exceptions_and_exit_codes_are_one_to_one() -> None:
    assert set(CLASSES) == {int(code) for code in Exit if code not in OF_PROCESSES}
    assert set(ForebayError.__subclasses__()) == set(CLASSES.values())
    assert all(kind.exit_code == code for code, kind in CLASSES.items())


@pytest.mark.parametrize("code", CLASSES)
def test_an_answer_that_names_an_exit_code_is_its_exception(code: int) -> None:
    error = told(409, title="no", exit=code, **{"class": "some", "next": "mend it"})

    assert type(error) is CLASSES[code]
    assert (str(error), error.kind, error.way_out) == ("no (mend it)", "some", "mend it")


def test_who_is_not_let_in_reads_how_to_show_who_it_is() -> None:
    assert str(told(401, title="say who you are", exit=4, next="")) == (
        "say who you are (by token=, or FOREBAY_TOKEN with FOREBAY_URL; `forebay web --new-token` makes one)"
    )


def test_what_is_not_there_and_a_key_that_is_taken_have_names_of_their_own() -> None:
    assert type(told(404, title="no batch b9", exit=2, **{"class": "unknown"})) is errors.NotFound
    assert type(told(409, title="other content", exit=2, **{"class": "key"})) is errors.KeyTaken


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (301, errors.ServiceFault, False),
        (400, errors.InputRefused, False),
        (401, errors.AuthRefused, False),
        (403, errors.AuthRefused, False),
        (404, errors.InputRefused, False),
        (408, errors.ServiceFault, True),
        (429, errors.ServiceFault, True),
        (500, errors.ServiceFault, False),
        (502, errors.ServiceFault, True),
        (503, errors.ServiceFault, True),
        (504, errors.ServiceFault, True),
    ],
)
def test_a_proxy_in_between_is_understood_by_its_status(status: int, kind: type, *, again: bool) -> None:
    with pytest.raises(ForebayError) as caught:
        http_words.read(asking.lanes(), answer(status, text="<html>\r\n\x1b[2JBad Gateway\x00\r\n</html>"))

    assert type(caught.value) is kind
    assert caught.value.may_try_again is again
    assert f"http://x answered {status}: <html> [2JBad Gateway </html> (" in str(caught.value)


def test_a_server_that_is_elsewhere_is_told_without_what_stands_behind_its_name() -> None:
    response = answer(301)
    response.headers["location"] = "https://ana:SECRET@forebay.example.com/login?state=SECRET"

    with pytest.raises(errors.ServiceFault) as caught:
        http_words.read(asking.lanes(), response)

    assert str(caught.value) == (
        "http://x answered 301 and leads to https://forebay.example.com "
        "(is that the server's own URL, or a login that stands before it?)"
    )


@pytest.mark.parametrize("facts", [{}, [], {"lanes": [{"lane": "a"}]}, {"lanes": 3}, "text"])
def test_an_answer_of_something_else_is_a_fault_in_words(facts: Any) -> None:
    with pytest.raises(errors.ServiceFault, match="http://x answered GET /lanes with something"):
        http_words.read(asking.lanes(), answer(200, facts))


def test_a_cost_that_is_no_number_is_such_a_fault() -> None:
    line = {"runs": 1, "failed": 0, "bytes": 9, "seconds": 1.5, "cost": "a lot"}

    with pytest.raises(errors.ServiceFault, match="GET /costs with something"):
        http_words.read(asking.costs(("day",)), answer(200, {"since": "", "until": "", "costs": [line], "total": line}))


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("")])
def test_of_a_server_that_cannot_be_reached_it_is_said_that_it_may_be_another(error: httpx.RequestError) -> None:
    with pytest.raises(errors.Unreachable, match=r"http://x cannot be reached: \w+ \(is that the URL"):
        http_words.unreachable(error, httpx.URL("http://x/api/v1"))


def test_of_one_that_did_not_answer_it_is_said_what_may_be_done_again() -> None:
    with pytest.raises(errors.Unreachable, match=r"http://x did not answer: gone \(what was accepted goes on"):
        http_words.unreachable(httpx.ReadError("gone"), httpx.URL("http://x/api/v1"))


@pytest.mark.parametrize(
    ("said", "base"),
    [
        ("https://forebay.example.com", "https://forebay.example.com/api/v1"),
        ("https://example.com/forebay/", "https://example.com/forebay/api/v1"),
        ("http://127.0.0.1:8422/api/v1", "http://127.0.0.1:8422/api/v1"),
        ("http://127.0.0.1:8422/?state=failed#runs", "http://127.0.0.1:8422/api/v1"),
    ],
)
def test_the_address_may_have_a_path_before_the_api(said: str, base: str) -> None:
    assert str(http_words.base_url(said)) == base


@pytest.mark.parametrize(
    "said",
    ["forebay.example.com", "ftp://x", "http://", "redis://:SECRET@127.0.0.1", "http://ana:SECRET/1@x", "ana:SECRET@x"],
)
def test_what_is_no_address_is_refused_and_not_repeated(said: str) -> None:
    with pytest.raises(errors.InputRefused, match="is no address") as told:
        http_words.base_url(said)

    assert "SECRET" not in f"{told.value!r}{told.value.__context__!r}"
