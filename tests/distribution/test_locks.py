"""The lock files: each has all that it is for and nothing more, they agree, and they name no registry."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from forebay.landing import parquet_extra
from forebay.sandbox import extra as sandbox_extra
from forebay.web import web_extra

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = {
    name: (ROOT / f"requirements{name}.lock").read_text("utf-8")
    for name in ("", "-sandbox", "-parquet", "-dev", "-build")
}

RUNS = PROJECT["project"]["dependencies"]
SANDBOX = PROJECT["project"]["optional-dependencies"]["sandbox"]
WEB = PROJECT["project"]["optional-dependencies"]["web"]
PARQUET = PROJECT["project"]["optional-dependencies"]["parquet"]
OTEL = PROJECT["project"]["optional-dependencies"]["otel"]
DEV = [line for line in PROJECT["dependency-groups"]["dev"] if isinstance(line, str)]
BUILD = PROJECT["build-system"]["requires"]


def pins(text: str) -> list[str]:
    return re.findall(r"^\w.*(?:\n[ ].*)*", text, re.MULTILINE)


def pinned(text: str) -> dict[str, str]:
    """The versions that a lock installs on this machine, by name."""
    lines = [Requirement(pin.partition("\\")[0]) for pin in pins(text)]
    return {line.name: str(line.specifier) for line in lines if line.marker is None or line.marker.evaluate()}


PINS = {lock: pinned(text) for lock, text in LOCKS.items()}


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("", RUNS + WEB),
        ("-sandbox", RUNS + SANDBOX),
        ("-parquet", RUNS + WEB + PARQUET),
        ("-dev", RUNS + WEB + SANDBOX + PARQUET + OTEL + DEV + BUILD),
        ("-build", BUILD),
    ],
)
def test_a_lock_has_what_was_asked_for_and_all_that_this_needs_and_nothing_else(lock: str, asked: list[str]) -> None:
    requirements = [Requirement(line) for line in asked]

    assert set().union(*map(needed_by, requirements)) == set(PINS[lock]), "make lock"
    for requirement in requirements:
        version = PINS[lock][normal(requirement.name)].removeprefix("==")
        assert requirement.specifier.contains(version), f"make lock: {requirement}"


@pytest.mark.parametrize("line", RUNS + WEB + SANDBOX + PARQUET + OTEL)
def test_no_bound_lets_a_version_in_that_no_test_ran_with(line: str) -> None:
    requirement = Requirement(line)
    (least,) = (bound.version for bound in requirement.specifier if bound.operator == ">=")
    tested = PINS["-dev"][normal(requirement.name)].removeprefix("==")

    assert tested.split(".")[:2] == least.split(".")[:2], "an older one may lack what we call: typer 0.26 did"


def needed_by(requirement: Requirement) -> set[str]:
    """All packages that a requirement brings to this machine, by what the installed ones say of themselves."""
    brought = {normal(requirement.name)}
    for text in requires(requirement.name) or []:
        further = Requirement(text)
        chosen = requirement.extras or {""}
        if further.marker is None or any(further.marker.evaluate({"extra": name}) for name in chosen):
            brought |= needed_by(further)
    return brought


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_tests_is_what_runs_and_what_builds() -> None:
    for lock in ("", "-sandbox", "-parquet", "-build"):
        assert PINS[lock].items() <= PINS["-dev"].items(), lock
    of_the_page = set().union(*(needed_by(Requirement(line)) for line in WEB)) - set(PINS["-sandbox"])
    assert {name: pin for name, pin in PINS[""].items() if name not in of_the_page}.items() <= PINS["-sandbox"].items()
    assert PINS[""].items() <= PINS["-parquet"].items()


def test_a_demo_installs_nothing_of_the_page() -> None:
    assert not {"jinja2", "markupsafe"} & set(PINS["-sandbox"])


def test_what_runs_in_production_holds_nothing_of_the_sandbox_alone() -> None:
    assert {Requirement(line).name for line in SANDBOX} - set(PINS[""]) == {"duckdb"}


@pytest.mark.parametrize(
    ("needed", "extra"), [(sandbox_extra.NEEDED, SANDBOX), (web_extra.NEEDED, WEB), (parquet_extra.NEEDED, PARQUET)]
)
def test_what_an_extra_needs_is_what_it_brings_and_nothing_else_does(needed: tuple[str, ...], extra: list[str]) -> None:
    others = set().union(*(needed_by(Requirement(line)) for line in RUNS))

    assert set(needed) == {Requirement(line).name for line in extra} - others


def test_an_image_without_the_extra_parquet_is_as_small_as_before() -> None:
    assert not {"pyarrow", "numpy"} & (set(PINS[""]) | set(PINS["-sandbox"]))


def test_the_build_backend_is_asked_for_in_one_way() -> None:
    assert PROJECT["dependency-groups"]["build"] == BUILD


#: Of an environment of its own, which has another version of what `.venv` has.
CLIENTS = (ROOT / "tests/clients/requirements-a4.lock").read_text("utf-8")


@pytest.mark.parametrize("text", [*LOCKS.values(), CLIENTS], ids=[*LOCKS, "clients"])
def test_every_pin_has_its_hashes_and_no_lock_names_a_registry(text: str) -> None:
    assert len(pins(text)) >= len(pinned(text)) > 0
    assert all("--hash=sha256:" in pin for pin in pins(text))
    assert "://" not in text


def test_the_lock_of_the_other_client_is_made_of_what_asks_for_it() -> None:
    (asked,) = re.findall(r"^\w.*", (ROOT / "tests/clients/requirements-a4.txt").read_text("utf-8"), re.MULTILINE)

    assert f"stripe{pinned(CLIENTS)['stripe']}" == asked, "make lock"
