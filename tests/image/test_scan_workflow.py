"""The workflow that scans the image in the user's CI, against the schema of such files, and what it builds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.source import ROOT

FILE = ROOT / "deploy/image/scan.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
RUNS = [step["run"] for step in WORKFLOW["jobs"]["scan"]["steps"] if "run" in step]


def check(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("check-jsonschema")
    command = [str(tool), "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_it_is_a_workflow_that_ends(schema: str) -> None:
    result = check(FILE, schema)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_schema_would_notice_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "scan.yml"
    broken.write_text(FILE.read_text("utf-8").replace("runs-on:", "runs-at:"))

    assert check(broken, "vendor.github-workflows").returncode == 1


def test_it_may_read_and_nothing_else_and_holds_no_secret() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in WORKFLOW["jobs"]["scan"]
    assert "secrets" not in FILE.read_text("utf-8")


def test_what_it_makes_and_builds_is_there() -> None:
    makefile, dockerfile = ((ROOT / name).read_text("utf-8") for name in ("Makefile", "Dockerfile"))
    targets = {target for run in RUNS for target in re.findall(r"^make (\w+)", run, re.MULTILINE)}
    arguments = {name for run in RUNS for name in re.findall(r'--build-arg "(\w+)=', run)}
    (base,) = {name for run in RUNS for name in re.findall(r"base=(\S+)", run)}

    assert {target for target in targets if f"\n{target}:" not in makefile} == set()
    assert arguments == {"BASE", "REVISION"} <= set(re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE))
    assert f"ARG BASE={base}\n" in dockerfile
