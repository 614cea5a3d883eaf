"""What is read of Stripe's list of event destinations."""

from __future__ import annotations

import json

import pytest

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.lists.destinations_page import EventDestination, read_destinations_page

BASE = "https://api.stripe.com"
PATH = "/v2/core/event_destinations"


def page(data: object, next_url: object = None) -> bytes:
    return json.dumps({"data": data, "next_page_url": next_url}).encode()


def only(told: object) -> EventDestination:
    (read,) = read_destinations_page(page([told]), api_base=BASE, request_id=None).destinations
    return read


def test_a_destination_is_read_with_its_kind_its_state_and_its_types() -> None:
    told = {
        "id": "ed_1",
        "name": "Forebay",
        "type": "amazon_eventbridge",
        "status": "disabled",
        "status_details": {"disabled": {"reason": "no_aws_event_source_exists"}},
        "enabled_events": ["v2.data.query_run.failed", 1],
        "amazon_eventbridge": {"aws_account_id": "1"},
    }

    assert only(told) == EventDestination(
        name="Forebay",
        kind="amazon_eventbridge",
        status="disabled",
        disabled_reason="no_aws_event_source_exists",
        enabled_events=frozenset({"v2.data.query_run.failed"}),
    )


@pytest.mark.parametrize("told", [None, {}, [], {"name": 1, "enabled_events": "*", "status_details": "off"}])
def test_what_lacks_something_is_read_as_far_as_it_goes(told: object) -> None:
    assert only(told).name == "without a name"
    assert not only(told).enabled


def test_an_operators_name_cannot_steer_a_terminal() -> None:
    assert only({"name": "\x1b[2Jrk_live_1234"}).name == "[2J[key]"


def test_the_next_page_is_followed_on_this_path_alone() -> None:
    read = read_destinations_page(page([], f"{PATH}?page=2"), api_base=BASE, request_id=None)

    assert read.next_path == f"{PATH}?page=2"
    for elsewhere in ("https://elsewhere.invalid" + PATH, "/v2/core/events?page=2"):
        with pytest.raises(ProviderError, match="list of event destinations goes on elsewhere"):
            read_destinations_page(page([], elsewhere), api_base=BASE, request_id=None)


@pytest.mark.parametrize("body", [b"", b"<html>", page({}), page([], 1)])
def test_what_is_no_list_is_a_fault_of_the_provider(body: bytes) -> None:
    with pytest.raises(ProviderError, match="no list of event destinations"):
        read_destinations_page(body, api_base=BASE, request_id="req_1")
