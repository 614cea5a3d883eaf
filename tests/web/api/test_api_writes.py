"""What programs may write: who may, in which form, and what is answered; over work and acts that only keep what they
were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from forebay.config.document.web_access import Role, WebAccess, WebToken
from forebay.web.access.passwords import hash_token
from forebay.web.api import json_body
from tests.web.page_served import Begun, Kept, Told, page_served

ACCESS = WebAccess(
    tokens={
        role.value: WebToken(sha256=hash_token(f"fbweb_{role}"), role=role, expires=date(2999, 1, 1)) for role in Role
    }
)
QUERIES = {"queries": [{"sql": "SELECT 1"}]}
NOBODY = {"type": "about:blank", "status": 400, "class": "usage", "next": "", "exit": 2}


@pytest.fixture
def work() -> Begun:
    return Begun()


@pytest.fixture
def acts() -> Kept:
    return Kept()


@pytest.fixture
def api(work: Begun, acts: Kept) -> Iterator[httpx.Client]:
    """A client of this machine, which may do all."""
    with page_served(Told(), acts=acts, work=work) as client:
        client.base_url = client.base_url.join("/api/v1/")
        yield client


def test_queries_become_a_batch_and_the_same_again_is_told_apart(api: httpx.Client, work: Begun) -> None:
    body = {"queries": [{"sql": "SELECT 1", "name": "one"}], "key": "daily", "class": "backfill", "format": "csv.gz"}
    first, again = api.post("batches", json=body), api.post("batches", json=body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["created"] and not again.json()["created"]
    wanted, who = work.submitted[0]
    assert (wanted.queries, wanted.key) == (({"sql": "SELECT 1", "name": "one"},), "daily")
    assert (wanted.flow_class, wanted.result_format, who.name) == ("backfill", "csv.gz", "ana")


def test_a_definition_is_named_with_window_and_parameters(api: httpx.Client, work: Begun) -> None:
    body = {"definition": "daily", "window": "2026-11-26", "params": {"currency": "eur"}, "again": True}
    assert api.post("batches", json=body).status_code == 201

    wanted = work.submitted[0][0]
    assert (wanted.definition, wanted.window, wanted.params, wanted.again) == (
        "daily",
        "2026-11-26",
        {"currency": "eur"},
        True,
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "queries: Field required"),
        ({"queries": []}, "queries: List should have at least 1 item"),
        ({"queries": [{"sql": 1}]}, "queries.0.sql: must be text"),
        ({"queries": [{"sql": "SELECT 1", "nam": "x"}]}, "queries.0: unknown key 'nam', did you mean 'name'?"),
        ({**QUERIES, "clas": "backfill"}, "unknown key 'clas', did you mean 'class'?"),
        ({**QUERIES, "class": "backfil"}, "did you mean 'backfill'?"),
        ({**QUERIES, "key": ""}, "key: String should have at least 1 character"),
        ({**QUERIES, "definition": "daily"}, "unknown key 'queries'"),
        ([], "the body is an object of JSON"),
    ],
)
def test_a_body_that_is_none_is_refused_in_a_sentence(api: httpx.Client, work: Begun, body: Any, said: str) -> None:
    answer = api.post("batches", json=body)

    assert answer.headers["content-type"] == "application/problem+json"
    assert NOBODY.items() <= answer.json().items()
    assert said in answer.json()["title"], answer.json()
    assert not work.submitted


def test_a_character_of_two_halves_is_one(api: httpx.Client, work: Begun) -> None:
    content = b'{"queries": [{"sql": "SELECT \'\\ud83d\\ude00\'"}]}'
    assert api.post("batches", content=content, headers={"Content-Type": "application/json"}).status_code == 201
    assert work.submitted[0][0].queries == ({"sql": "SELECT '\N{GRINNING FACE}'"},)


@pytest.mark.parametrize(
    ("data", "kind", "status", "said"),
    [
        (b"{", "application/json", 400, "the body is no JSON"),
        (b'{"queries": NaN}', "application/json", 400, "NaN is no number"),
        (b"[" * 100_000, "application/json", 400, "the body is no JSON"),
        (b"a=b", "application/x-www-form-urlencoded", 400, "this takes a body of application/json"),
        (b"\xff", "application/json", 400, "the body is no JSON"),
        (b'{"queries": [{"sql": "x"}], "connection": "\\uD800"}', "application/json", 400, "half a character"),
        (b'{"queries": [{"sql": "x"}], "\\udfff": 1}', "application/json", 400, "half a character"),
        (b'{"queries": [{"sql": "\xed\xa0\x80"}]}', "application/json", 400, "the body is no JSON"),
    ],
)
def test_bytes_that_are_no_body_are_refused_in_a_sentence(
    api: httpx.Client, data: bytes, kind: str, status: int, said: str
) -> None:
    answer = api.post("batches", content=data, headers={"Content-Type": kind})

    assert (answer.status_code, said in answer.json()["title"]) == (status, True), answer.text


def test_a_body_has_its_bound(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "MOST_BODY_BYTES", 1_000)

    answer = api.post("batches", json={"queries": [{"sql": "x" * 1_000}]})

    assert (answer.status_code, answer.json()["title"]) == (413, "a body has no more than 1,000 bytes")


def test_an_act_is_done_and_answered_with_its_record(api: httpx.Client, acts: Kept) -> None:
    deed = api.post("batches/b1/retry", json={"cause": "sql", "shown": 3, "why": "mended"}).json()

    assert (deed["act"], deed["target"], deed["asked"], deed["why"]) == ("retry", "b1", {"cause": "sql"}, "mended")
    assert acts.done[0][0].shown == 3
    assert api.get(f"deeds/{deed['deed']}").json() == deed
    (listed,) = api.get("deeds?limit=1").json()["deeds"]
    assert listed.items() <= deed.items()


def test_who_changed_something_reads_nothing_that_is_older() -> None:
    told = Told()
    with page_served(told, monotonic_s=lambda: 0.0) as client:  # what was read is good for ever
        client.get("/api/v1/batches/b1")
        client.post("/api/v1/batches/b1/pause")
        client.get("/api/v1/batches/b1")

    assert told.asked.count("batch") == 2


def test_a_program_need_not_say_why(api: httpx.Client, acts: Kept) -> None:
    assert api.post("batches/b1/pause").json()["why"] == "by the API"
    assert api.post("lanes/acme:live/limits", json={"cap": 5, "creates_per_s": 2.5}).json()["asked"] == {
        "cap": "5",
        "creates_per_s": "2.5",
    }


def test_a_dry_run_says_what_it_comes_to_and_does_nothing(api: httpx.Client, acts: Kept) -> None:
    said = api.post("batches/b1/cancel", json={"dry_run": True}).json()

    assert said == {"title": "cancel-batch of b1", "runs": None, "sentences": ["asked: {}"], "nothing": False}
    assert not acts.done


@pytest.mark.parametrize(
    ("path", "needs"),
    [
        ("batches", Role.OPERATOR),
        ("batches/b1/runs/acme:live/0/links", Role.OPERATOR),
        ("batches/b1/retry", Role.OPERATOR),
        ("batches/b1/pause", Role.OPERATOR),
        ("batches/b1/resume", Role.OPERATOR),
        ("batches/b1/change", Role.OPERATOR),
        ("batches/b1/cancel", Role.ADMIN),
        ("lanes/acme:live/pause", Role.OPERATOR),
        ("lanes/acme:live/resume", Role.OPERATOR),
        ("lanes/acme:live/limits", Role.ADMIN),
        ("extracts/daily/pause", Role.OPERATOR),
        ("extracts/daily/resume", Role.OPERATOR),
        ("extracts/daily/backfill", Role.OPERATOR),
        ("deeds/deed-1/stop", Role.OPERATOR),
    ],
)
def test_each_has_the_least_role_that_may(path: str, needs: Role) -> None:
    bodies = {"batches": QUERIES, "batches/b1/change": {"class": "backfill"}}
    acts, work = Kept(), Begun()
    with page_served(Told(), ACCESS, acts=acts, work=work, here=None) as client:
        for role in Role:
            done = len(acts.done) + len(work.submitted)
            bearer = {"Authorization": f"Bearer fbweb_{role}"}
            answer = client.post(f"/api/v1/{path}", json=bodies.get(path, {}), headers=bearer)
            if role.may(needs):
                assert answer.status_code in (200, 201), answer.text
            else:
                assert (answer.status_code, answer.json()["exit"]) == (403, 4)
                assert f"is {role} here, and this takes {needs}" in answer.json()["title"]
                assert len(acts.done) + len(work.submitted) == done


def test_no_other_site_has_a_browser_submit(api: httpx.Client, work: Begun) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.org"}):
        answer = api.post("batches", json=QUERIES, headers=headers)
        assert (answer.status_code, answer.json()["class"]) == (403, "csrf")
    assert not work.submitted


def test_a_parameter_beside_a_body_is_refused(api: httpx.Client, work: Begun) -> None:
    assert api.post("batches?key=daily", json=QUERIES).status_code == 400
    assert not work.submitted


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("DELETE", "batches", 405, {"GET", "HEAD", "POST"}),
        ("POST", "lanes", 405, {"GET", "HEAD"}),
        ("GET", "batches/b1/retry", 405, {"POST"}),
        ("POST", "nothing/here", 404, None),
        ("GET", "nothing/here", 404, None),
    ],
)
def test_another_method_or_path_is_a_problem_too(
    api: httpx.Client, method: str, path: str, status: int, allowed: set[str] | None
) -> None:
    answer = api.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    if allowed:
        assert set(answer.headers["allow"].split(", ")) == allowed
