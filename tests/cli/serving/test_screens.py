"""Each screen shows what there is, of real batches; text of others is text, and no secret is on any page."""

import re
from datetime import UTC, datetime

import httpx
import pytest
import redis

from forebay.governor.governor import Governor
from tests.cli.worker import LANE

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'too'"
OF_ALL = ["/", "/batches", "/lanes", "/extracts", "/accounts"]
SCREENS = [*OF_ALL, "/b/{batch}", "/b/{batch}/runs", f"/b/{{batch}}/{LANE}/0"]


@pytest.fixture
def why_it_failed() -> str:
    return HOSTILE


def shown(page: httpx.Client, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


@pytest.mark.parametrize("path", SCREENS)
def test_each_screen_shows_something_and_is_a_page(batch: str, page: httpx.Client, path: str) -> None:
    text = shown(page, path.format(batch=batch))

    assert re.search(r"<h1>\s*[^\s<]", text), "it says what it shows"
    assert "<script>alert" not in text
    assert 'data-live="/live' in text
    assert "rk_test" not in text


def test_lanes_have_their_last_hour(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    assert "Without work in the last hour." in shown(page, "/lanes")
    assert Governor(deployed, LANE).audit(every_ms=0, surely_over_ms=1)

    (lane,) = page.get("/api/v1/lanes").json()["lanes"]

    ((at, held, limit, cap, refused),) = (each.values() for each in lane["last_hour"])
    assert (held, limit, cap, refused) == (1, 1, 1, {})
    assert abs((datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds()) < 600
    assert f"The last hour of {LANE}: 1 in use now; 1 to 1 in use; limit 1 of cap 1; refused: nothing" in shown(
        page, "/lanes"
    )


def test_links_of_a_page_lead_somewhere(batch: str, page: httpx.Client) -> None:
    found, seen = ["/"], set[str]()
    while found:
        path = found.pop()
        if path in seen:
            continue
        seen.add(path)
        links = re.findall(r'(?:href|src)="(/[^"#]*)', shown(page, path))
        found += [link.replace("&amp;", "&") for link in links if not link.startswith("/static")]

    assert {path.partition("?")[0] for path in seen} >= {*OF_ALL, f"/b/{batch}"}


def test_a_cause_of_failure_is_text(batch: str, page: httpx.Client) -> None:
    for path in (f"/b/{batch}/runs?state=failed", f"/b/{batch}/{LANE}/0"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown(page, path)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/b/nothing", 404, "there is no batch &#39;nothing&#39; in this ledger"),
        ("/batches?limit=no", 400, "limit is a whole number"),
        ("/x/daily", 404, "the spec has no extract"),
        ("/b/<script>alert(1)", 404, "&lt;script&gt;"),
        ("/nothing/here", 404, "There is nothing at /nothing/here"),
    ],
)
def test_what_is_wrong_is_said_on_a_page(page: httpx.Client, path: str, status: int, said: str) -> None:
    answer = page.get(path)

    assert answer.status_code == status
    assert said in answer.text
    assert "<script>alert" not in answer.text


def test_the_table_pages_keep_what_was_asked_for(batch: str, page: httpx.Client) -> None:
    text = shown(page, f"/b/{batch}/runs?state=waiting,failed&limit=1")

    assert 'href="?state=waiting%2Cfailed&amp;start=2&amp;limit=1"' in text
