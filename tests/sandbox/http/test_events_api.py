"""The list of events: what it shows to whom, its filters, its pages, and the ways in which they break."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from forebay.sandbox.faults import FaultName
from tests.sandbox.driver import ACCOUNT, EVENTS, LIVE_KEY, ORGANIZATION_KEY, RUNS, Api, error_of

FAILS = "SELECT 1 -- sandbox: fail=internal_error"
OTHER = "acct_sandbox0002"


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in events]


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["id"] for event in events]


def test_a_run_is_told_from_its_create_to_its_end_newest_first(api: Api) -> None:
    run, failed = api.run(), api.run(FAILS)
    listed = api.event_list()
    assert types(listed) == ["failed", "created", "succeeded", "created"]
    assert [event["related_object"]["id"] for event in listed] == [failed["id"], failed["id"], run["id"], run["id"]]
    assert {event["type"].rpartition(".")[0] for event in listed} == {"v2.data.reporting.query_run"}


def test_an_event_is_thin(api: Api) -> None:
    run = api.run()
    event = api.event_list()[0]
    assert event == {
        "id": event["id"],
        "object": "v2.core.event",
        "type": "v2.data.reporting.query_run.succeeded",
        "created": event["created"],
        "livemode": False,
        "context": ACCOUNT,
        "reason": None,
        "related_object": {
            "id": run["id"],
            "type": "v2.data.reporting.query_run",
            "url": f"{RUNS}/{run['id']}",
        },
    }
    assert abs(datetime.now(UTC) - datetime.fromisoformat(event["created"])) < timedelta(minutes=1)


def test_a_create_is_told_with_its_request_and_its_key(api: Api) -> None:
    answer = api.create("SELECT 1 -- sandbox: duration=60", Idempotency_Key="k")
    (event,) = api.event_list()
    request = {"id": answer.headers["Request-Id"], "idempotency_key": "k"}
    assert event["reason"] == {"type": "request", "request": request}


def test_a_replay_and_a_refused_create_tell_nothing(api: Api) -> None:
    api.run(Idempotency_Key="k")
    api.create(Idempotency_Key="k")
    api.create("SELEC")
    assert types(api.event_list()) == ["succeeded", "created"]


def test_fetched_by_its_id_an_event_says_what_changed(api: Api) -> None:
    api.run(FAILS)
    failed = api.event_list()[0]
    fetched = api.http.get(f"{EVENTS}/{failed['id']}", headers=api.headers()).json()
    assert failed.items() <= fetched.items()
    assert fetched["changes"]["before"] == {"status": "running"}
    assert fetched["changes"]["after"]["status_details"]["failed"]["error_code"] == "internal_error"


def test_a_run_that_hits_the_wall_is_told_as_failed(api: Api) -> None:
    api.control(run_limit_s=0.1, faults=[{"name": "stall_run", "times": 1}])
    api.run()
    assert types(api.event_list()) == ["failed", "created"]


def test_an_update_can_be_told_beside_each_end(api: Api) -> None:
    api.control(event_updates=True)
    api.run()
    assert types(api.event_list()) == ["succeeded", "updated", "created"]


@pytest.mark.parametrize(
    ("owner", "strangers"),
    [
        ({}, [{"key": LIVE_KEY}, {"key": "sk_test_acct_sandbox0002_x"}, {"key": ORGANIZATION_KEY}]),
        ({"key": LIVE_KEY}, [{}]),
        ({"key": ORGANIZATION_KEY}, [{}, {"key": ORGANIZATION_KEY, "context": ACCOUNT}]),
        ({"key": ORGANIZATION_KEY, "context": ACCOUNT}, [{"key": ORGANIZATION_KEY}]),
    ],
)
def test_events_are_seen_by_their_account_and_mode_only(
    api: Api, owner: dict[str, str], strangers: list[dict[str, str]]
) -> None:
    headers = {"Stripe_Context" if name == "context" else name: value for name, value in owner.items()}
    api.create("SELECT 1 -- sandbox: duration=60", **headers)
    (event,) = api.event_list(**owner)
    assert event.get("context") == (None if owner == {"key": ORGANIZATION_KEY} else ACCOUNT)
    for stranger in strangers:
        assert api.event_list(**stranger) == []
        key, context = stranger.get("key", "sk_test_x"), stranger.get("context", "")
        asked = api.http.get(f"{EVENTS}/{event['id']}", headers=api.headers(key, Stripe_Context=context))
        assert (asked.status_code, error_of(asked)["code"]) == (404, "not_found")


def test_types_and_object_are_filters(api: Api) -> None:
    run, failed = api.run(), api.run(FAILS)
    created, succeeded = (f"v2.data.reporting.query_run.{word}" for word in ("created", "succeeded"))
    assert types(api.event_list(**{"types[0]": succeeded})) == ["succeeded"]
    assert types(api.event_list(**{"types[]": [succeeded, created]})) == ["created", "succeeded", "created"]
    assert types(api.event_list(object_id=run["id"])) == ["succeeded", "created"]
    assert types(api.event_list(object_id=failed["id"], **{"types[0]": created})) == ["created"]
    assert api.event_list(**{"types[0]": "v2.data.reporting.query_run.*"}) == []


def test_created_is_a_filter_at_either_end(api: Api) -> None:
    (older, same, newer) = ([], [], [])
    for offset_s, made in ((-20, older), (0, same), (20, newer)):
        api.control(event_clock_offset_s=offset_s)
        made += api.make_event()
    middle = api.event_list()[1]["created"]
    for name, expected in {"gt": newer, "gte": newer + same, "lt": older, "lte": same + older}.items():
        assert ids(api.event_list(**{f"created[{name}]": middle})) == expected
    assert ids(api.event_list(**{"created[gte]": middle, "created[lte]": middle})) == same


def test_pages_lead_to_each_other_and_keep_the_filters(api: Api) -> None:
    made = api.make_event("v2.a.b", count=5)
    api.make_event("v2.a.c", count=5)
    seen: list[str] = []
    page = api.events(limit=2, **{"types[0]": "v2.a.b"}).json()
    assert page["previous_page_url"] is None
    while True:
        seen += ids(page["data"])
        if page["next_page_url"] is None:
            break
        assert page["next_page_url"].startswith(f"{EVENTS}?")
        assert parse_qs(urlsplit(page["next_page_url"]).query)["types[0]"] == ["v2.a.b"]
        page = api.http.get(page["next_page_url"], headers=api.headers()).json()
    assert seen == made[::-1]
    before = api.http.get(page["previous_page_url"], headers=api.headers()).json()
    assert ids(before["data"]) == seen[2:4]


def test_what_comes_meanwhile_moves_no_page(api: Api) -> None:
    made = api.make_event(count=4)
    page = api.events(limit=2).json()
    api.make_event(count=3)
    rest = api.http.get(page["next_page_url"], headers=api.headers()).json()
    assert ids(page["data"]) + ids(rest["data"]) == made[::-1]
    assert rest["next_page_url"] is None


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"gte": "2026-01-01T00:00:00Z"}, "gte"),
        ({"created[gte]": "yesterday"}, "created[gte]"),
        ({"created[gte]": "2026-01-01T00:00:00"}, "time zone"),
        ({"created[since]": "2026-01-01T00:00:00Z"}, "created[since]"),
        ({"page": "2"}, "page"),
        ({f"types[{number}]": "v2.a.b" for number in range(21)}, "20"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(api: Api, params: dict[str, Any], complaint: str) -> None:
    answer = api.events(**params)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "invalid_fields")
    assert complaint in error_of(answer)["message"]


def test_any_dated_version_is_taken_and_none_is_refused(api: Api) -> None:
    for version, status in {"2026-10-28.endive": 200, "2026-04-22.preview": 200, "": 400, "latest": 400}.items():
        headers = {"Authorization": "Bearer sk_test_x", "Stripe-Version": version}
        assert api.http.get(EVENTS, headers=headers).status_code == status


def test_an_event_is_listed_after_its_delay(api: Api) -> None:
    api.control(event_delay=60)
    (late,) = api.make_event()
    api.control(event_delay="fixed:0")
    (prompt,) = api.make_event()
    assert ids(api.event_list()) == [prompt]
    assert api.http.get(f"{EVENTS}/{late}", headers=api.headers()).status_code == 404


def test_the_clock_of_events_can_be_off(api: Api) -> None:
    api.control(event_clock_offset_s=-600)
    api.run()
    now = datetime.now(UTC)
    ages = [now - datetime.fromisoformat(event["created"]) for event in api.event_list()]
    assert all(timedelta(minutes=9) < age < timedelta(minutes=11) for age in ages)
    assert api.event_list(**{"created[gte]": (now - timedelta(minutes=5)).isoformat()}) == []


def test_the_list_costs_of_its_own_budget_and_of_the_accounts(api: Api) -> None:
    api.control(endpoint_rate_per_s=1)
    answers = [api.events(), api.events(), api.retrieve("x")]
    assert [answer.status_code for answer in answers] == [200, 429, 404]
    assert answers[1].headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    api.control(endpoint_rate_per_s=0, global_rate_test_per_s=1)
    answers = [api.events(), api.retrieve("x")]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert api.counts()["requests"]["list_events"] == {"200": 2, "429": 1}


@pytest.mark.parametrize(("access", "status"), [("forbidden", 403), ("missing", 404), ("empty", 200)])
def test_there_may_be_no_events_for_anybody(api: Api, access: str, status: int) -> None:
    api.run()
    api.control(events=access)
    answer = api.events()
    assert (answer.status_code, answer.json().get("data", [])) == (status, [])
    api.control(events="listed")
    assert types(api.event_list()) == ["succeeded", "created"]


def test_a_key_may_lack_the_permission_and_an_account_the_feature(api: Api) -> None:
    refused = api.events(key="rk_test_noevents_x")
    assert (refused.status_code, error_of(refused)["code"]) == (403, "permission_denied")
    assert api.create(key="rk_test_noevents_x").status_code == 200
    api.control(no_access=OTHER)
    assert api.event_list(key=f"sk_test_{OTHER}_x") == []


@pytest.mark.parametrize(
    ("name", "status"), [("forbidden", 403), ("unauthorized", 401), ("server_error", 500), ("rate_limited", 429)]
)
def test_the_faults_of_answers_strike_the_list_alone_where_it_is_named(api: Api, name: str, status: int) -> None:
    api.fault(name, operation="list_events")
    assert api.events().status_code == status
    assert api.create().status_code == 200


def test_a_page_can_be_empty(api: Api) -> None:
    api.make_event()
    api.fault("page_empty", times=1)
    assert [len(api.event_list()), len(api.event_list())] == [0, 1]


def test_a_page_can_be_shuffled(api: Api) -> None:
    made = api.make_event(count=20)
    api.fault("page_shuffled")
    assert made[::-1] != ids(api.event_list()) != made
    assert sorted(ids(api.event_list())) == sorted(made)


def test_pages_can_go_round_without_an_end(api: Api) -> None:
    made = api.make_event(count=3)
    api.fault("page_endless")
    page, seen = api.events(limit=2).json(), 0
    for _ in range(10):
        seen += len(page["data"])
        page = api.http.get(page["next_page_url"], headers=api.headers()).json()
    assert seen > 2 * len(made)


def test_a_page_can_hold_two_thousand_whatever_its_limit(api: Api) -> None:
    api.make_event(count=2100)
    api.fault("page_huge")
    page = api.events(limit=10).json()
    assert (len(page["data"]), page["next_page_url"] is not None) == (2000, True)


def test_the_next_page_can_be_on_another_host(api: Api) -> None:
    api.make_event()
    api.fault("page_elsewhere")
    assert api.events().json()["next_page_url"].startswith("http://elsewhere.invalid/v2/core/events?")


def test_every_fault_of_pages_strikes_an_empty_list_too(api: Api) -> None:
    for name in (name for name in FaultName if name.startswith("page_")):
        api.fault(name)
        assert api.event_list() == []
