"""The list of event destinations: what it shows, to whom, and page by page."""

from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.driver import TEST_KEY, Api, error_of

PATH = "/v2/core/event_destinations"
NAMED = [{"name": f"D{n}", "enabled_events": ["v1.x"]} for n in range(3)]


def listed(api: Api, path: str = PATH, key: str = TEST_KEY) -> httpx.Response:
    return api.http.get(path, headers=api.headers(key))


def test_none_is_there_unless_the_settings_name_some(api: Api) -> None:
    assert listed(api).json() == {"data": [], "next_page_url": None, "previous_page_url": None}


def test_each_is_shown_with_its_kind_and_why_it_is_disabled(api: Api) -> None:
    kinds = [
        ("webhook_endpoint", None),
        ("amazon_eventbridge", "no_aws_event_source_exists"),
        ("azure_event_grid", "user"),
    ]
    api.control(
        destinations=[
            {"name": kind, "type": kind, "enabled_events": ["v1.x"], "disabled": reason} for kind, reason in kinds
        ]
    )

    shown: list[dict[str, Any]] = listed(api).json()["data"]

    assert [each["type"] for each in shown] == [kind for kind, _ in kinds]
    assert [each["status"] for each in shown] == ["enabled", "disabled", "disabled"]
    assert [each["status_details"] and each["status_details"]["disabled"]["reason"] for each in shown] == [
        reason for _, reason in kinds
    ]
    assert all(each[each["type"]] for each in shown)


def test_pages_lead_to_each_other(api: Api) -> None:
    api.control(destinations=NAMED)

    first = listed(api, f"{PATH}?limit=2").json()
    last = listed(api, first["next_page_url"]).json()

    assert [each["name"] for each in first["data"] + last["data"]] == ["D0", "D1", "D2"]
    assert (first["previous_page_url"], last["next_page_url"]) == (None, None)
    assert listed(api, last["previous_page_url"]).json()["data"] == first["data"]


@pytest.mark.parametrize(("access", "status"), [("empty", 200), ("forbidden", 403), ("missing", 404)])
def test_it_may_be_empty_forbidden_or_not_there(api: Api, access: str, status: int) -> None:
    api.control(destinations=NAMED, destinations_access=access)

    answer = listed(api)

    assert (answer.status_code, answer.json().get("data", [])) == (status, [])


def test_a_key_without_events_may_not_see_them(api: Api) -> None:
    refused = listed(api, key="rk_test_noevents_x")
    assert (refused.status_code, error_of(refused)["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "page=x", "colour=red"])
def test_what_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert listed(api, f"{PATH}?{query}").status_code == 400


def test_the_sdk_reads_them_over_all_pages(api: Api) -> None:
    api.control(destinations=NAMED)
    client = stripe.StripeClient(TEST_KEY, base_addresses={"api": api.url})

    page = client.v2.core.event_destinations.list({"limit": 2})

    assert [(each.name, each.status) for each in page.auto_paging_iter()] == [(f"D{n}", "enabled") for n in range(3)]
