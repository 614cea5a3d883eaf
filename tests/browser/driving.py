"""Waits for what a page shows, hears what it complains of, and has axe look at it."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import httpx
import pytest

DEADLINE_MS = 30_000


def until(page: Any, condition: str) -> None:
    """Waits for it. Not by Playwright's own way, which has the page evaluate text: the policy stops that."""
    for _ in range(DEADLINE_MS // 20):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"it did not come about that {condition}")


def found_by_axe(browser: Any, served: httpx.Client, path: str, scheme: str) -> list[tuple[str, list[Any]]]:
    """Gives what axe finds serious on a page, and where."""
    context = browser.new_context(base_url=str(served.base_url), color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(path)
    page.wait_for_selector("h1")
    page.add_script_tag(path=str(files("axe_playwright_python") / "axe.min.js"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    context.close()
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["target"] for node in each["nodes"]][:5]) for each in serious]


def heard(page: Any) -> list[str]:
    """Gathers what a page complains of."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
