"""The recipes for orchestrators run as they stand, with what they are for installed in an environment of their own.

`make integrations` makes that environment. Without it these tests skip: nothing else needs its 120 packages.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from forebay_client import Client
from tests.client.ways import Way, make_way
from tests.servers.processes import environment
from tests.source import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PYTHON = ROOT / ".venv-recipes/bin/python"


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if not (ROOT / ".venv-recipes/.installed").exists():
        end = pytest.fail if os.environ.get("FOREBAY_TEST_RECIPES") == "all" else pytest.skip
        end("Prefect and dlt are not installed: `make integrations` runs this test, or fails")


@pytest.fixture(scope="module")
def way(_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    yield from make_way("server", tmp_path_factory.mktemp("server"))


def run(recipe: str, *words: str, way: Way, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a recipe as its first lines say."""
    assert way.url
    env = environment(
        FOREBAY_URL=way.url,
        HOME=str(folder),
        PREFECT_HOME=str(folder / "prefect"),
        DO_NOT_TRACK="1",
        # The flow starts a server of its own, which takes as long as the machine does.
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="120",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        RUNTIME__DLTHUB_TELEMETRY="false",
        PIPELINES_DIR=str(folder / "pipelines"),
    )
    command = [str(PYTHON), "-P", str(ROOT / "examples" / recipe), *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=240, check=False)


def test_a_prefect_flow_lands_a_window_and_meets_it_again(way: Way, tmp_path: Path) -> None:
    said = [run("prefect_flow.py", "2026-10-05", way=way, folder=tmp_path) for _ in range(2)]

    assert [each.returncode for each in said] == [0, 0], said[0].stderr
    urls = [line for line in said[0].stdout.splitlines() if line.startswith("file://")]
    assert len(urls) == 1
    assert urls == [line for line in said[1].stdout.splitlines() if line.startswith("file://")]


def test_dlt_loads_each_window_once(way: Way, tmp_path: Path) -> None:
    with Client(way.url) as client:
        client.submit("charges_daily", window="2026-10-06").wait(60)

    counts = []
    for _ in range(2):
        said = run("dlt_landed.py", "charges_daily", way=way, folder=tmp_path)
        assert said.returncode == 0, said.stdout + said.stderr
        with duckdb.connect(str(tmp_path / "forebay.duckdb"), read_only=True) as database:
            table = "stripe.charges_daily"
            counts += database.sql(f"SELECT count(*), count(DISTINCT forebay_window) FROM {table}").fetchall()

    rows, windows = counts[0]
    assert (rows, counts[1]) == (5 * windows, counts[0])
