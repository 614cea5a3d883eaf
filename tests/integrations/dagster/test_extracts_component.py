"""What the page begins with is a project of Dagster's: it loads, and Dagster's own command materializes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.core.component_tree import ComponentTree

from dagster_forebay import ExtractDescription, ForebayExtractsComponent
from dagster_forebay.extract_description import write_descriptions
from forebay_client import Client
from tests.docs.markdown_pages import Page
from tests.integrations.dagster.conftest import ROOT

pytestmark = pytest.mark.timeout(180)

DEFINITIONS = """
from pathlib import Path

import dagster as dg


@dg.definitions
def defs():
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
FEES = ExtractDescription(
    name="fees",
    every="1d",
    time_zone="Europe/Berlin",
    first_start="2025-12-31T23:00:00+00:00",
    late_after="12h",
    checks=("rows",),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of Dagster's, in which somebody has pasted the first lines of the page."""
    pasted = Page(ROOT / "docs/how-to/dagster.md").blocks[0]
    where = pasted.text.splitlines()[0].removeprefix("# ")
    file = tmp_path / "src/pasted_into" / where
    file.parent.mkdir(parents=True)
    file.write_text(pasted.text)
    for folder in (tmp_path / "src/pasted_into", tmp_path / "src/pasted_into/defs"):
        (folder / "__init__.py").touch()
    (tmp_path / "src/pasted_into/definitions.py").write_text(DEFINITIONS)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "pasted_into"\n'
    )
    return tmp_path


def start(project: Path, forebay_url: str, *words: str) -> subprocess.Popen[str]:
    """Starts Dagster's command there; it takes itself for `dg dev`, which refreshes the state by itself."""
    (project / "home").mkdir(exist_ok=True)
    env = {**os.environ, "FOREBAY_URL": forebay_url, "FOREBAY_TOKEN": "fbweb_not_looked_at_on_loopback"}
    env |= {"DAGSTER_HOME": str(project / "home"), "DAGSTER_IS_DEV_CLI": "1", "PYTHONPATH": str(project / "src")}
    (project / "home/dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [str(Path(sys.executable).with_name("dagster")), *words, "-m", "pasted_into.definitions"]
    return subprocess.Popen(
        command, cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def dagster(project: Path, forebay_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    process = start(project, forebay_url, *words)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def materializing(partition: str) -> list[str]:
    return ["asset", "materialize", "--select", "stripe/charges_daily", "--partition", partition]


def test_what_the_page_begins_with_works_as_it_stands(project: Path, forebay_url: str) -> None:
    said = dagster(project, forebay_url, *materializing("2026-10-29"))

    assert said.returncode == 0, said.stderr
    assert "charges_daily.20261028T2300Z-20261029T2300Z landed: 5 rows" in said.stderr
    assert "fbweb_" not in said.stdout + said.stderr
    kept = [file for file in (project / "home").rglob("*") if file.is_file()]
    assert kept
    assert [file for file in kept if b"fbweb_" in file.read_bytes()] == []


def test_whoever_ends_a_run_cancels_nothing(project: Path, forebay_url: str, client: Client) -> None:
    (lane,) = client.lanes()
    client.pause_lane(lane.lane, why="a test")
    try:
        process = start(project, forebay_url, *materializing("2026-10-28"))
        until = time.monotonic() + 60
        while (batch := client.window("charges_daily", "2026-10-28").batch) is None:
            assert time.monotonic() < until, "it was not submitted"
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        client.resume_lane(lane.lane, why="a test")

    assert process.returncode != 0, err
    assert client.batch(batch).wait(60).state == "landed"


def test_dg_finds_the_component() -> None:
    (found,) = (
        each for each in entry_points(group="dagster_dg_cli.registry_modules") if each.name == "dagster_forebay"
    )

    assert found.load().ForebayExtractsComponent is ForebayExtractsComponent


def test_definitions_are_made_of_the_state_and_the_server_is_not_asked(tmp_path: Path) -> None:
    component = ForebayExtractsComponent(url="http://127.0.0.1:9", token="fbweb_secret")
    (tmp_path / "state").write_text(write_descriptions([FEES]))

    context = ComponentTree.for_test().load_context

    definitions = component.build_defs_from_state(context, tmp_path / "state")

    assert component.build_defs_from_state(context, None).assets is None, "nothing was asked yet"
    spec = definitions.resolve_assets_def("fees").get_asset_spec()
    assert isinstance(spec.partitions_def, dg.TimeWindowPartitionsDefinition)
    assert spec.partitions_def.timezone == "Europe/Berlin"
    checks = definitions.resolve_assets_def("fees").check_keys
    assert {key.name for key in checks} == {"account_coverage", "data_checks"}
    assert definitions.resolve_sensor_def("forebay_landed_windows").default_status is dg.DefaultSensorStatus.STOPPED
    assert "secret" not in repr(component)


def test_a_day_that_is_late_is_one_that_comes_later_than_its_longest_and_what_is_promised(tmp_path: Path) -> None:
    (tmp_path / "state").write_text(write_descriptions([FEES]))
    component = ForebayExtractsComponent(url="http://127.0.0.1:9")
    definitions = component.build_defs_from_state(ComponentTree.for_test().load_context, tmp_path / "state")

    policy = definitions.resolve_assets_def("fees").get_asset_spec().freshness_policy

    assert policy is not None
    assert policy.fail_window.to_timedelta().total_seconds() == (25 + 12) * 3600  # type: ignore[attr-defined]
