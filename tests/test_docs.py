"""The documentation names what there is, and nothing that is not."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.main import app
from config.settings import Settings
from config.spec.load import load_spec

ROOT = Path(__file__).parents[1]
COMMANDS = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback} | {
    group.name for group in app.registered_groups
}
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(FOREBAY_\w+|STRIPE_API_KEY)`", (ROOT / "docs/settings.md").read_text(), re.M))

    assert documented == {
        "STRIPE_API_KEY" if name == "stripe_api_key" else f"FOREBAY_{name.upper()}" for name in Settings.model_fields
    }


def test_every_command_is_documented_and_no_other() -> None:
    rows = [line for line in (ROOT / "docs/cli.md").read_text().splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)[` ]", row.split("|")[1])}

    assert documented == COMMANDS


def test_the_spec_of_the_documentation_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/settings.md").read_text(), re.S)
    (tmp_path / "forebay.yaml").write_text(text)

    spec = load_spec(tmp_path / "forebay.yaml").spec

    assert set(spec.connections) == set(yaml.safe_load(text)["connections"])


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_that_are_shown_exist(path: Path) -> None:
    shown = set(re.findall(r"(?:^    |`)forebay ([a-z]+)", path.read_text(), re.M))

    assert shown <= COMMANDS


def test_the_command_line_starts() -> None:
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0
