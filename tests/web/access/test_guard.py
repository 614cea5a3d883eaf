"""The guard lets nothing through but what names our host, by somebody who is known, from our own page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest

from forebay.config.document.web_access import Role, WebAccess, WebToken, WebUser
from forebay.web.access import doorkeeper
from forebay.web.access.guard import POLICY
from forebay.web.access.passwords import hash_password, hash_token
from tests.web.page_served import Told, page_served

ACCESS = WebAccess(
    hosts=["forebay.example.com"],
    tokens={"airflow": WebToken(sha256=hash_token("fbweb_1"), role=Role.VIEWER, expires=date(2999, 1, 1))},
)
BEARER = {"Authorization": "Bearer fbweb_1"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8422", "LOCALHOST", "[::1]:8422"])
def test_this_machine_has_its_names(host: str) -> None:
    with page_served(Told()) as client:
        assert client.get("/api/v1/lanes", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example.org", "localhost.evil.org", "127.0.0.1.evil.org", "[::1", ""])
def test_a_name_that_leads_here_by_rebinding_is_not_answered(host: str) -> None:
    told = Told()
    with page_served(told) as client:
        answer = client.get("/api/v1/lanes", headers={"Host": host})

    assert answer.status_code == 421
    assert told.asked == []


def test_without_a_token_nothing_is_read_and_what_is_asked_is_said() -> None:
    told = Told()
    with page_served(told, ACCESS, here=None) as client:
        refused = client.get("/api/v1/lanes")
        wrong = client.get("/api/v1/lanes", headers={"Authorization": "Bearer fbweb_2"})
        assert told.asked == []
        taken = client.get("/api/v1/lanes", headers=BEARER)

    assert (refused.status_code, wrong.status_code, taken.status_code) == (401, 401, 200)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["class"] == "auth"


def test_a_load_balancer_asks_by_address_and_without_a_name() -> None:
    with page_served(Told(), ACCESS, here=None) as client:
        assert client.get("/healthz", headers={"Host": "10.1.2.3:8422"}).text == "ok\n"


@pytest.mark.parametrize("path", ["/api/v1/lanes", "/nothing", "/healthz", "/api/v1/batches?limit=no"])
def test_each_answer_says_what_browsers_have_to_hold(path: str) -> None:
    with page_served(Told()) as client:
        headers = client.get(path).headers

    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_not_served_without_a_name_is_guarded_as_all_else(path: str) -> None:
    with page_served(Told(), ACCESS, here=None) as client:
        assert client.get(path).status_code == 401
        assert client.get(path, headers=BEARER).status_code == 404


def test_who_is_not_let_in_is_told_in_the_log_without_what_he_showed(caplog: pytest.LogCaptureFixture) -> None:
    with page_served(Told(), ACCESS, here=None) as client:
        client.get("/api/v1/lanes")
        assert not caplog.records  # a browser asks so before it asks a person
        for _ in range(5):
            client.get("/api/v1/lanes", auth=("mallory", "hunter2"))
            client.get("/api/v1/lanes", headers={"Authorization": "Bearer fbweb_guessed"})

    (told,) = caplog.records
    assert "'mallory' from 127.0.0.1" in told.message
    assert "hunter2" not in caplog.text and "guessed" not in caplog.text


def test_many_who_try_passwords_keep_nobody_else_from_his_page(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = threading.Event()

    def slow(password: str, kept: str) -> bool:
        return not computed.wait(30)

    monkeypatch.setattr(doorkeeper, "password_fits", slow)
    users = {"ben": WebUser(password=hash_password("right"), role=Role.VIEWER)}
    access = ACCESS.model_copy(update={"users": users})
    with page_served(Told(), access, here=None) as client, ThreadPoolExecutor(60) as strangers:

        def tries(number: int) -> int:
            return httpx.get(client.base_url.join("/lanes"), auth=("ben", f"{number}"), timeout=60).status_code

        trying = [strangers.submit(tries, number) for number in range(60)]  # more than there are threads
        try:
            assert client.get("/api/v1/lanes", headers=BEARER, timeout=10).status_code == 200
        finally:
            computed.set()
        assert {each.result() for each in trying} == {401}


CROSS = [
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Origin": "https://evil.example.org"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://["}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
    ({"Origin": "https://localhost"}, True),
    ({}, True),
]


@pytest.mark.parametrize(("headers", "passes"), CROSS)
def test_only_our_own_page_or_no_browser_changes_anything(headers: dict[str, str], passes: bool) -> None:
    with page_served(Told()) as client:
        answer = client.post("/api/v1/lanes", headers={"Host": "localhost", **headers})

    # Nothing takes a POST there: who is let through finds that out.
    assert answer.status_code == (405 if passes else 403)
    assert passes or answer.json()["class"] == "csrf"


def test_another_site_may_lead_here_since_looking_changes_nothing() -> None:
    with page_served(Told()) as client:
        assert client.get("/api/v1/lanes", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
