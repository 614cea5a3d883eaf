from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from forebay import __version__

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
FINAL_STAGE = DOCKERFILE.rsplit("\nFROM ", 1)[1]
LET_IN = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]


def test_hadolint_has_nothing_to_say() -> None:
    tool = Path(sys.executable).with_name("hadolint")
    command = [str(tool), "--failure-threshold", "style", str(ROOT / "Dockerfile")]

    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def test_everything_that_is_installed_is_pinned_by_hash_or_ours() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install ([^\\&\n]+)", DOCKERFILE)

    assert [words.strip() for words in installs] == [
        "--require-hashes -r requirements-build.lock",
        '--require-hashes -r "${LOCK}"',
        "--no-deps dist/*.whl",
    ]


def test_the_image_is_of_what_runs_unless_the_sandbox_is_asked_for() -> None:
    assert "LOCK=requirements.lock" in re.findall(r"^ARG (\S+)$", DOCKERFILE, re.MULTILINE)


def test_both_stages_are_of_the_base_whose_digest_may_be_given() -> None:
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.search(r"^ARG BASE=python:3\.11-slim-\w+$", DOCKERFILE, re.MULTILINE)


def test_the_image_says_what_it_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', FINAL_STAGE))

    assert labels == {
        "title": "Forebay",
        "description": project["description"].removesuffix("."),
        "version": __version__,
        "revision": "${REVISION}",
        "licenses": project["license"],
        "base.name": "${BASE}",
    }


def test_the_image_runs_as_nobody_in_particular_and_cannot_install() -> None:
    user = re.findall(r"^USER (\S+)$", FINAL_STAGE, re.MULTILINE)

    assert len(user) == 1
    assert int(user[0]) > 0
    assert "pip uninstall --yes pip" in FINAL_STAGE
    assert "pip install" not in FINAL_STAGE


def test_the_image_is_the_command() -> None:
    assert 'ENTRYPOINT ["forebay"]' in FINAL_STAGE


def test_the_build_sees_the_source_the_locks_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]

    # Everything is out before anything is let in.
    assert rules[0] == "*"
    assert set(LET_IN) == {
        *wheel["only-include"],
        *("pyproject.toml", "README.md", "LICENSE"),
        *("requirements.lock", "requirements-sandbox.lock", "requirements-parquet.lock", "requirements-build.lock"),
    }
    # The last rule wins, so a .env that strays into a source folder stays out too.
    assert rules.index("**/.env") > max(rules.index(f"!{name}") for name in LET_IN)
