"""Starts a deployment of real processes once for the tests of dagster-forebay; skips all of them where Dagster is not.

They run in an environment of their own (`make integrations-dagster`), which has nothing of Forebay but its client. The
deployment runs in the project's.
"""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from forebay_client import Client

if TYPE_CHECKING:
    import dagster

ROOT = Path(__file__).parents[3]
IS_INSTALLED = find_spec("dagster") is not None and find_spec("dagster_forebay") is not None

#: `good` and `bad` fail in part at Stripe; both days on which Berlin sets its clocks lie behind.
SPEC = """
version: 1
connections:
  acme: {mode: test, key: secret://env/ACME_KEY, api_base: "%s", lane: {cap: 20}}
defaults: {class: scheduled}
extracts:
  charges_daily:
    sql: "SELECT id, amount FROM charges ORDER BY id LIMIT 5"
    window: {every: 1d, start: 2026-01-01, timezone: Europe/Berlin}
    schedule: {when: manual, late_after: 12h}
  refunds_daily:
    sql: "SELECT id FROM refunds ORDER BY id LIMIT 5"
    window: {every: 1d, start: 2026-10-01}
    schedule: {when: manual}
    checks: {rows: {max: 1}}
  checked_daily:
    sql: "SELECT id FROM refunds ORDER BY id LIMIT 5"
    window: {every: 1d, start: 2026-10-01}
    schedule: {when: manual}
    checks: {rows: {max: 9}}
  good_and_bad:
    sql: ["SELECT id FROM charges ORDER BY id LIMIT 2", "SELECT nothing_of_the_kind FROM charges"]
    window: {every: 1d, start: 2026-10-01}
    schedule: {when: manual}
  hourly:
    sql: "SELECT id FROM charges ORDER BY id LIMIT 1"
    window: {every: 1h, start: 2026-10-20, timezone: Europe/Berlin}
    schedule: {when: manual}
  quarters_of_a_day:
    sql: "SELECT id FROM charges ORDER BY id LIMIT 1"
    window: {every: 6h, start: 2026-01-01, timezone: Europe/Berlin}
    schedule: {when: manual}
  monthly:
    sql: "SELECT id FROM charges ORDER BY id LIMIT 1"
    window: {every: 1mo, start: 2026-01-01, timezone: America/New_York}
    schedule: {when: manual}
  on_weekdays:
    sql: "SELECT id FROM charges ORDER BY id LIMIT 1"
    window: {every: "0 6 * * 1-5", start: 2026-01-01, timezone: America/New_York}
    schedule: {when: manual}
  every_five_hours:
    sql: "SELECT id FROM charges ORDER BY id LIMIT 1"
    window: {every: 5h, start: 2026-11-01}
    schedule: {when: manual}
  by_beat:
    sql: "SELECT id FROM charges ORDER BY id LIMIT 3"
    window: {every: 1d, start: 2026-10-01}
    schedule: {when: at_end, catch_up: last 3}
"""


class _NotInstalled(pytest.Module):
    def collect(self) -> Any:
        reason = "dagster-forebay is not installed here: `make integrations-dagster` runs these tests"
        raise pytest.skip.Exception(reason, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Reads no test where what it imports is not there."""
    return None if IS_INSTALLED else _NotInstalled.from_parent(parent, path=module_path)


@pytest.fixture(scope="session")
def forebay_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A deployment with the spec above, and beat. Tests share it, so each has windows of its own."""
    folder = tmp_path_factory.mktemp("deployment")
    (folder / "spec.in").write_text(SPEC)
    command = [str(ROOT / ".venv/bin/python"), "-m", "tests.integrations.served_deployment"]
    command += [str(folder), str(folder / "spec.in")]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("FOREBAY_", "DAGSTER_"))}
    with (folder / "served.log").open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=own
        )
    assert process.stdin
    assert process.stdout
    try:
        url = process.stdout.readline().strip()
        assert url, (folder / "served.log").read_text()
        yield url
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="session")
def client(forebay_url: str) -> Iterator[Client]:
    """A client of that deployment."""
    with Client(forebay_url) as client:
        yield client


@pytest.fixture(scope="session")
def instance() -> Iterator[dagster.DagsterInstance]:
    """Keeps what Dagster remembers of runs and materializations, in files of its own."""
    import dagster

    with dagster.instance_for_test() as instance:
        yield instance
    # SQLite's connections are closed while there still is what closes them.
    gc.collect()
