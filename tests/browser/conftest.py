"""Drives Debian's Chromium over a page that is served in this process. `make browser` installs what it takes.

Whoever runs all tests is told that these are skipped: they measure, and other tests beside them would be measured, too.
"""

import os
import shutil
from collections.abc import Iterator

import httpx
import pytest

from tests.browser.driving import heard
from tests.browser.pretended import pretended
from tests.browser.pretended_acts import Acting
from tests.web.page_served import page_served

try:
    from playwright.sync_api import Browser, Page, sync_playwright
except ImportError:  # not of `.venv`: it has 165 MB
    sync_playwright = None  # type: ignore[assignment]

#: As Debian packages it, in a container and without calling anybody.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A Chromium for all tests."""
    if os.environ.get("FOREBAY_TEST_BROWSER") != "all":
        pytest.skip("`make browser` runs these, alone")
    chromium = shutil.which("chromium")
    if sync_playwright is None or chromium is None:
        missing = "playwright (make browser)" if sync_playwright is None else "chromium (apt-get install chromium)"
        pytest.fail(f"{missing} is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def served() -> Iterator[httpx.Client]:
    """The page of a deployment that is pretended: 100,000 runs, extracts, accounts."""
    with page_served(pretended(), acts=Acting()) as client:
        yield client


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Each scheme that people have."""
    return str(request.param)


@pytest.fixture
def tab(browser: "Browser", served: httpx.Client) -> Iterator["Page"]:
    """A tab whose console has to stay empty."""
    context = browser.new_context(base_url=str(served.base_url), viewport={"width": 1280, "height": 800})
    page = context.new_page()
    complaints = heard(page)
    yield page
    context.close()
    assert complaints == [], "the console says nothing: no error, and nothing that the policy stopped"
