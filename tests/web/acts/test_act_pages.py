"""Acts say the number first, take a reason, and are done by who may, once, from our own page alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from forebay.config.document.web_access import Role, WebAccess, WebToken
from forebay.web.access.passwords import hash_token
from forebay.web.acts.act import ActKind
from tests.web.page_served import Kept, Told, page_served

ACCESS = WebAccess(
    tokens={
        str(role): WebToken(sha256=hash_token(f"fbweb_{role}"), role=role, expires=date(2999, 1, 1)) for role in Role
    }
)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def client(kept: Kept) -> Iterator[httpx.Client]:
    with page_served(Told(), ACCESS, acts=kept, here=None) as client:
        yield client


def as_who(role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer fbweb_{role}"}


def test_the_page_asks_first_and_does_nothing(client: httpx.Client, kept: Kept) -> None:
    page = client.get("/act/retry/b1?cause=sql", headers=as_who(Role.OPERATOR))

    assert page.status_code == 200
    assert "retry of b1" in page.text
    assert '<input type="hidden" name="cause" value="sql">' in page.text
    assert kept.done == []


def test_who_did_it_and_why_is_kept_and_the_browser_is_led_to_what_came_of_it(client: httpx.Client, kept: Kept) -> None:
    form = {"cause": "sql", "why": "  the view\n is mended "}
    done = client.post("/act/retry/b1", data=form, headers=as_who(Role.OPERATOR))

    assert (done.status_code, done.headers["location"]) == (303, "/deeds/deed-1")
    ((act, doer),) = kept.done
    assert (act.kind, act.target, act.asked) == (ActKind.RETRY, "b1", {"cause": "sql"})
    assert (doer.name, doer.known_by, doer.why) == ("operator", "token", "the view is mended")
    shown = client.get("/deeds/deed-1", headers=as_who(Role.VIEWER)).text
    assert "the view is mended" in shown and "14 runs taken up" in shown
    assert "/deeds/deed-1" in client.get("/deeds", headers=as_who(Role.VIEWER)).text


def test_who_did_something_is_not_shown_what_was_read_before(client: httpx.Client) -> None:
    looks = as_who(Role.OPERATOR)
    assert "/deeds/deed-" not in client.get("/deeds", headers=looks).text

    client.post("/act/pause-extract/daily", data={"why": "because"}, headers=looks)

    assert "/deeds/deed-1" in client.get("/deeds", headers=looks).text


@pytest.mark.parametrize("kind", ActKind)
@pytest.mark.parametrize("role", Role)
def test_each_act_is_done_by_who_may_and_by_nobody_else(
    client: httpx.Client, kept: Kept, kind: ActKind, role: Role
) -> None:
    may = role.may(kind.role)
    form = {"why": "because"}

    assert client.get(f"/act/{kind}/x", headers=as_who(role)).status_code == (200 if may else 403)
    assert client.post(f"/act/{kind}/x", data=form, headers=as_who(role)).status_code == (303 if may else 403)
    assert len(kept.done) == may


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, "why=x", 403),
        ({"Origin": "https://evil.example.org"}, "why=x", 403),
        ({}, "why=+++", 400),
        ({}, "", 400),
        ({}, "why=x&runs=1,2,3", 400),
        ({}, "why=x&shown=many", 400),
        ({}, "why=" + "x" * 501, 400),
        ({}, "why=" + "x" * 20_000, 413),
        ({}, "&".join(f"a{number}=1" for number in range(100)), 400),
        ({"Content-Type": "text/plain"}, "why=x", 400),
        ({}, b"why=\xff", 400),
    ],
)
def test_what_is_not_a_form_of_ours_does_nothing(
    client: httpx.Client, kept: Kept, headers: dict[str, str], body: str | bytes, status: int
) -> None:
    ours = {"Content-Type": "application/x-www-form-urlencoded", **as_who(Role.ADMIN), **headers}

    assert client.post("/act/retry/b1", content=body, headers=ours).status_code == status
    assert kept.done == []


def test_what_nobody_does_is_not_there(client: httpx.Client) -> None:
    assert client.get("/act/remove-all/b1", headers=as_who(Role.ADMIN)).status_code == 404
    assert client.get("/deeds/none", headers=as_who(Role.ADMIN)).status_code == 404
