"""A page of the list of events: what is read of it, and where the next one may be."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.lists.events_page import EVENTS_PATH, PAGE, events_path, read_events_page

BASE = "https://api.stripe.com"


def page(**body: object) -> bytes:
    return json.dumps({"data": [], "next_page_url": None, "previous_page_url": None, **body}).encode()


def test_the_list_is_asked_for_exact_types_from_a_moment_on() -> None:
    path = events_path(["v2.data.query_run.failed", "v2.data.query_run.updated"], "2026-11-29T01:02:03.5Z")

    assert urlsplit(path).path == EVENTS_PATH
    assert parse_qs(urlsplit(path).query) == {
        "types[0]": ["v2.data.query_run.failed"],
        "types[1]": ["v2.data.query_run.updated"],
        "created[gte]": ["2026-11-29T01:02:03.5Z"],
        "limit": [str(PAGE)],
    }
    assert "created" not in events_path(["a"], None)


@pytest.mark.parametrize("address", ["/v2/core/events?page=p_2&x=1", f"{BASE}/v2/core/events?page=p_2&x=1"])
def test_the_next_page_is_followed_as_it_is_named(address: str) -> None:
    read = read_events_page(page(data=[{"id": "evt_1"}], next_page_url=address), api_base=BASE, request_id=None)

    assert (read.events, read.next_path) == ([{"id": "evt_1"}], "/v2/core/events?page=p_2&x=1")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/v2/core/events?page=2",
        "//evil.example/v2/core/events?page=2",
        "http://api.stripe.com/v2/core/events?page=2",
        "https://api.stripe.com:8443/v2/core/events",
        "https://api.stripe.com@evil.example/v2/core/events",
        "/v2/core/accounts",
        "https://[",
        "v2/core/events",
    ],
)
def test_the_key_goes_nowhere_else(address: str) -> None:
    with pytest.raises(ProviderError, match="elsewhere"):
        read_events_page(page(next_page_url=address), api_base=BASE, request_id=None)


@pytest.mark.parametrize("query", ["page=\x01", "page=a b", "page=\u00fc", "page=" + "a" * 70_000])
def test_an_address_that_nobody_can_ask_for_is_none(query: str) -> None:
    with pytest.raises(ProviderError, match="cannot be asked for"):
        read_events_page(page(next_page_url=f"{BASE}/v2/core/events?{query}"), api_base=BASE, request_id=None)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", page(data=None), page(data={}), page(next_page_url=7)])
def test_what_is_no_page_is_no_answer(body: bytes) -> None:
    with pytest.raises(ProviderError, match="no list of events"):
        read_events_page(body, api_base=BASE, request_id=None)
