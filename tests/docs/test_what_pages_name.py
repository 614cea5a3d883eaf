"""What pages name besides commands is there: targets of make, extras, files, modules, services, settings."""

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from forebay.config.settings import Settings
from tests.docs.markdown_pages import PAGES, Page
from tests.docs.shell_lines import Command, shown_commands
from tests.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROFILES = {
    profile
    for service in yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    for profile in service.get("profiles", [])
}
SERVICES = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])
#: Read by what is no setting of a deployment: tracebacks, the demo, Compose, tests, the client of the API.
OTHER_VARIABLES = {
    "FOREBAY_DEBUG",
    "FOREBAY_DEMO_KEY",
    "FOREBAY_PROJECT",
    "FOREBAY_PICTURES",
    "FOREBAY_URL",
    "FOREBAY_TOKEN",
}
SETTINGS = {f"FOREBAY_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
#: One that is refused, which docs/settings.md shows.
MISTYPED = {"FOREBAY_CAPP"}

named = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


@named
def test_targets_extras_files_modules_and_services_are_there(path: Path) -> None:
    assert [problem for command in shown_commands(Page(path)) for problem in _problems(command)] == []


@named
def test_variables_are_settings(path: Path) -> None:
    variables = set(re.findall(r"\bFOREBAY_[A-Z0-9_]*[A-Z0-9]\b", Page(path).text))

    assert {name for name in variables if not name.startswith("FOREBAY_TEST_")} - SETTINGS - MISTYPED == set()


@named
def test_examples_in_python_are_python(path: Path) -> None:
    for block in Page(path).blocks:
        if block.language == "python":
            compile(block.text, f"{path.name}:{block.line}", "exec")


@named
def test_examples_in_yaml_are_yaml(path: Path) -> None:
    for block in Page(path).blocks:
        if block.language == "yaml":
            assert yaml.safe_load(block.text), f"{path.name}:{block.line}"


def _problems(command: Command) -> Iterator[str]:
    program, *words = command.words
    match program.rsplit("/")[-1]:
        case "make":
            missing = [word for word in words if "=" not in word and word not in TARGETS]
        case "pip":
            files = [after for word, after in pairwise(words) if word == "-r"]
            extras = re.findall(r"\[([\w,]+)\]", " ".join(words))
            missing = [file for file in files if not (ROOT / file).exists()]
            missing += [extra for extra in extras if extra not in PROJECT["optional-dependencies"]]
        case "python" | "python3" if words[:1] == ["-m"]:
            module = words[1].removeprefix("forebay.").replace(".", "/")
            there = words[1] in ("venv", "pip") or (ROOT / f"{module}.py").exists() or (ROOT / module).is_dir()
            missing = [] if there else words[1:2]
        case "docker":
            profiles = [after for word, after in pairwise(words) if word == "--profile"]
            scaled = [after.split("=")[0] for word, after in pairwise(words) if word == "--scale"]
            missing = [name for name in profiles if name not in PROFILES]
            missing += [name for name in scaled if name not in SERVICES]
        case _:
            missing = []
    return (f"{command}: there is no {name}" for name in missing)
