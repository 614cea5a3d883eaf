"""What people do by the page, in a real browser: its pages in both schemes, an act, a backfill, and who may not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.config.document.web_access import Hidden, Role, WebAccess, WebUser
from forebay.web.access.passwords import hash_password
from tests.browser.driving import DEADLINE_MS, found_by_axe, heard
from tests.browser.pretended import BATCH, LANE, pretended
from tests.browser.pretended_acts import backfill
from tests.browser.test_page_in_chromium import SCREENS, WIDTHS
from tests.web.page_served import Kept, page_served

pytestmark = [pytest.mark.browser]

#: Pages of what is done and was done.
ACTS = {
    "retry": f"/act/retry/{BATCH}?cause=sql",
    "cancel": f"/act/cancel-batch/{BATCH}",
    "limits": f"/act/limit-lane/{LANE}",
    "backfill": "/act/backfill-extract/balance_activity?from=2026-11-16&to=2026-11-19",
    "deeds": "/deeds",
    "deed": "/deeds/deed-2",
    "nothing": "/nothing/here",
}


@pytest.mark.parametrize("name", ACTS)
def test_axe_finds_nothing_serious(browser: Any, served: httpx.Client, name: str, scheme: str) -> None:
    assert found_by_axe(browser, served, ACTS[name], scheme) == []


@pytest.mark.parametrize("name", ACTS)
def test_pages_of_acts_fit_a_narrow_window(browser: Any, served: httpx.Client, name: str, scheme: str) -> None:
    size = {"width": WIDTHS["narrow"], "height": 800}
    context = browser.new_context(base_url=str(served.base_url), viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(ACTS[name])
    page.wait_for_selector("h1")
    if pictures := os.environ.get("FOREBAY_PICTURES"):
        page.screenshot(path=str(Path(pictures) / f"act-{name}-{scheme}-narrow.png"))
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()

    assert overflow <= 0, "nothing sticks out to the side"


def test_somebody_retries_what_failed_with_its_reason(browser: Any) -> None:
    kept = Kept()
    with page_served(pretended(), acts=kept) as client:
        context = browser.new_context(base_url=str(client.base_url))
        page = context.new_page()
        complaints = heard(page)
        page.goto(SCREENS["batch"])
        page.get_by_role("link", name="retry…").first.click()
        page.get_by_label("Why").fill("the view is mended")
        page.get_by_role("button", name="retry of").click()
        page.wait_for_url("**/deeds/deed-1")
        told = page.inner_text("main")
        context.close()

    ((act, doer),) = kept.done
    assert (act.kind, act.asked, doer.why) == ("retry", {"cause": "sql"}, "the view is mended")
    assert "14 runs taken up" in told
    assert complaints == []


def test_somebody_begins_a_backfill_of_a_gap_and_sees_it_go_on(browser: Any) -> None:
    readings, kept = pretended(), Kept()
    readings.facts["deed"] = backfill()
    with page_served(readings, acts=kept) as client:
        context = browser.new_context(base_url=str(client.base_url))
        page = context.new_page()
        complaints = heard(page)
        page.goto(SCREENS["extract"])
        page.get_by_role("link", name="Backfill 2026-11-16 to 2026-11-18").click()
        page.get_by_label("Why").fill("the past is missing")
        page.get_by_role("button", name="backfill-extract of").click()
        page.wait_for_url("**/deeds/deed-1")
        assert "going on" in page.locator(".title .state.stripe").inner_text()
        readings.facts["deed"] = backfill(filled=3, came="3 of 3 windows filled")
        page.wait_for_selector(".title .state.landed", timeout=DEADLINE_MS)
        told = page.inner_text("main")
        context.close()

    ((act, doer),) = kept.done
    assert (act.kind, act.target) == ("backfill-extract", "balance_activity")
    assert (act.asked, doer.why) == ({"from": "2026-11-16", "to": "2026-11-19"}, "the past is missing")
    assert "3 of 3 windows filled" in told
    assert complaints == []


def test_a_viewer_is_offered_nothing_to_do(browser: Any) -> None:
    access = WebAccess(
        users={"vera": WebUser(password=hash_password("x"), role=Role.VIEWER)}, hide=[Hidden.SQL, Hidden.URLS]
    )
    with page_served(pretended(), access, here=None) as client:
        credentials = {"username": "vera", "password": "x"}
        context = browser.new_context(base_url=str(client.base_url), http_credentials=credentials)
        page = context.new_page()
        page.goto(SCREENS["batch"])
        page.wait_for_selector("h1")
        offered = page.locator("a[href^='/act/']").count()
        page.goto(SCREENS["run"])
        told = page.inner_text("main")
        refused = page.goto(f"/act/cancel-batch/{BATCH}")
        context.close()

    assert offered == 0
    assert "Hidden from viewers." in told and "SELECT" not in told and "s3://" not in told
    assert refused.status == 403
