"""Takes the pictures of the docs: the page over real runs against a sandbox, in both schemes. `make pictures` calls it.

It takes some minutes: windows are filled, a month end runs, and while it does its screens are taken.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.servers.processes import NO_LIMITS, sandbox, stop, wait_until
from tests.source import ROOT

PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1180, "height": 760}
#: What docs load beside their text.
MOST_BYTES = 150_000
SCREENS = {"today": "/", "batch": "/b/{batch}", "lanes": "/lanes", "extract": "/x/balance_daily"}
#: Accounts, slots, and how long runs take: so that a month end is under way while it is looked at.
STRIPE = (
    *("--accounts", "38", "--cap-scope", "organization", "--cap", "50", "--duration", "lognormal:1.6,0.5"),
    *NO_LIMITS,
)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
EXTRACT = """
extracts:
  balance_daily:
    sql: reports/balance_activity.sql
    accounts: entities
    fan_out: per_account
    window: {{every: 1d, start: {start:%Y-%m-%d}}}
    schedule: {{when: at_end, late_after: 30d}}
"""
#: Days ago: what was filled; between them stay gaps.
FILLED = ((24, 15), (11, 1))
HALF_DONE = 0.4
DEADLINE_S = 600


def main() -> None:
    """Takes them all."""
    with TemporaryDirectory() as kept, sandbox(Path(kept) / "stripe.log", *STRIPE) as url:
        folder = _month_end(Path(kept), url)
        forebay = Forebay(folder)
        for first, end in FILLED:
            forebay("backfill", "balance_daily", "--from", _day(first), "--to", _day(end), "--yes")
        batch = forebay("submit", "month_end").split()[0]
        with forebay.page() as page:
            stands = f"{page}/api/v1/batches/{batch}"
            wait_until(lambda: _landed(stands) > HALF_DONE, "it is half done", deadline_s=DEADLINE_S)
            take(page, batch)
            # Its workers go on until all has settled, and then end by themselves.
            wait_until(lambda: _landed(stands) == 1, "it has landed", deadline_s=DEADLINE_S)


def take(page_url: str, batch: str) -> None:
    """Takes each screen in both schemes, and refuses what is too large."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for scheme in ("light", "dark"):
            context = chromium.new_context(viewport=SIZE, color_scheme=scheme, base_url=page_url)
            page = context.new_page()
            for name, path in SCREENS.items():
                page.goto(path.format(batch=batch))
                page.wait_for_selector("h1")
                if name == "batch":
                    _until(page, "performance.getEntriesByName('forebay:drawn').length > 0")
                place = PICTURES / f"{name}-{scheme}.png"
                page.screenshot(path=str(place))
                assert place.stat().st_size < MOST_BYTES, f"{place} is too large"
            context.close()
        chromium.close()


class Forebay:
    """The commands, in a folder of their own with a Redis and workers of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        own = {name: value for name, value in os.environ.items() if not name.startswith(("FOREBAY_", "STRIPE_"))}
        self._environment = {**own, "MONTH_END_KEY": "sk_org_test_pictures", "USER": "ana", "LOGNAME": "ana"}

    def __call__(self, *words: str) -> str:
        """Gives a command, and returns what it says."""
        done = subprocess.run(
            self._command(*words), cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def page(self) -> Iterator[str]:
        """Serves the page meanwhile; yields its URL."""
        command = self._command("web", "--port", "0")
        process = subprocess.Popen(command, cwd=self._folder, env=self._environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert "listening on" in line, line
            yield line.split()[-1]
        finally:
            stop(process)
            process.stdout.close()

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from forebay.cli.entry import main; main()", *words]


def _month_end(folder: Path, url: str) -> Path:
    """Copies the example, with an extract beside its batch; returns where it is."""
    copy = shutil.copytree(ROOT / "examples" / "month-end", folder / "month-end")
    spec = copy / "forebay.yaml"
    written = spec.read_text().replace("http://127.0.0.1:8420", url)
    spec.write_text(written + EXTRACT.format(start=TODAY - timedelta(days=27)))
    return copy


def _landed(stands: str) -> float:
    """Says which part of a batch has landed."""
    told = httpx.get(stands, timeout=30).json()
    return float(told["landed"]) / told["runs"]


def _day(days_ago: int) -> str:
    return f"{TODAY - timedelta(days=days_ago):%Y-%m-%d}"


def _until(page: Any, condition: str) -> None:
    for _ in range(1_500):
        if page.evaluate(condition):
            return
        time.sleep(0.02)
    raise AssertionError(f"it did not come about that {condition}")


if __name__ == "__main__":
    main()
