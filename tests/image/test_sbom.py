"""What the image is said to hold: what its lock installs on Linux, each with its hashes, and nothing else."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest

from forebay import __version__
from tests.image.in_the_image import IMAGE, installed
from tests.source import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
WRITTEN = ROOT / "build/forebay.cdx.json"


@pytest.fixture
def sbom() -> Any:
    """What `make sbom` has just written, which skips nothing."""
    if os.environ.get("FOREBAY_TEST_SBOM") != "all":
        pytest.skip("`make sbom` writes it, and runs this")
    return json.loads(WRITTEN.read_text("utf-8"))


def test_every_package_of_the_lock_is_in_it_or_of_another_system() -> None:
    named = set(re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE))
    here = {requirement.name for requirement, _ in installed(LOCK)}

    assert len(here) > 40
    assert named - here == {"async-timeout", "colorama", "tzdata"}


def test_markers_are_judged_by_the_base_of_the_image() -> None:
    (base,) = re.findall(r"^ARG BASE=python:([\d.]+)-slim", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert IMAGE["python_version"] == base
    assert IMAGE["python_full_version"].startswith(f"{base}.")


def test_it_names_what_is_installed_with_version_and_hashes(sbom: Any) -> None:
    told = {each["name"]: each for each in sbom["components"]}
    wanted = {requirement.name: str(requirement.specifier)[2:] for requirement, _ in installed(LOCK)}

    assert {name: each["version"] for name, each in told.items()} == wanted
    assert all(each["purl"].startswith(f"pkg:pypi/{name}@") for name, each in told.items())
    hashes = {
        name: {said["content"] for reference in each["externalReferences"] for said in reference.get("hashes", [])}
        for name, each in told.items()
    }
    for requirement, lines in installed(LOCK):
        assert hashes[requirement.name] == set(re.findall(r"sha256:(\w+)", lines))


def test_it_says_whose_it_is(sbom: Any) -> None:
    root = sbom["metadata"]["component"]

    assert (sbom["bomFormat"], root["name"]) == ("CycloneDX", "forebay")
    assert root.get("version", __version__) == __version__
