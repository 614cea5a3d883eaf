"""The documentation names what there is, and nothing that is not."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from forebay.cli.main import COMMANDS
from forebay.config.document.account_groups import AccountsSpec
from forebay.config.document.connection_spec import ConnectionSpec
from forebay.config.document.definitions import BatchSpec, DefinitionSpec, ExtractSpec
from forebay.config.document.load_spec import load_spec
from forebay.config.document.price_spec import PriceSpec
from forebay.config.document.spec import DefaultsSpec, Spec
from forebay.config.settings import Settings
from tests.docs.command_parser import refusal
from tests.docs.markdown_pages import PAGES, Page
from tests.docs.shell_lines import commands_of, inline_commands, shown_commands

ROOT = Path(__file__).parents[1]
SPEC_PAGE = ROOT / "docs" / "spec.md"
#: The tables of docs/spec.md: whose keys each has, and which model's keys stand in another table.
TABLES: dict[str, tuple[type[BaseModel], type[BaseModel] | None]] = {
    "`version`": (Spec, None),
    "`connections`": (ConnectionSpec, None),
    "`accounts`": (AccountsSpec, None),
    "`prices`": (PriceSpec, None),
    "`defaults`": (DefaultsSpec, None),
    "`extracts` and `batches`": (DefinitionSpec, None),
    "Only `extracts`": (ExtractSpec, DefinitionSpec),
    "Only `batches`": (BatchSpec, DefinitionSpec),
}
#: Keys whose parts stand in another table.
WHOLE = {(Spec, "defaults"), (DefaultsSpec, "notify")}
REQUIRED = object()
#: The folders of the repository that have files of ours.
FOLDERS = {path.name for path in (ROOT / "src" / "forebay").iterdir() if path.is_symlink()} | {
    *("tests", "bench", "docs", "client", "examples", "integrations")
}
DOCS = [*PAGES, ROOT / "CHANGELOG.md"]

#: Characters of a line of prose. Tables and what is typed stay as they are.
LINE = 131


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_prose_fits_its_lines(page: Path) -> None:
    lines = enumerate(page.read_text().splitlines(), start=1)
    assert [number for number, line in lines if len(line) > LINE and not line.startswith(("|", "    "))] == []


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(FOREBAY_\w+|STRIPE_API_KEY)`", (ROOT / "docs/settings.md").read_text(), re.M))

    assert documented == {
        "STRIPE_API_KEY" if name == "stripe_api_key" else f"FOREBAY_{name.upper()}" for name in Settings.model_fields
    }


def test_every_command_is_documented_and_no_other() -> None:
    commands = (ROOT / "docs/cli.md").read_text().partition("\n## ")[0]
    rows = [line for line in commands.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([\w-]+)[` ]", row.split("|")[1])}

    assert documented == set(COMMANDS)


def test_the_spec_of_the_documentation_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/settings.md").read_text(), re.S)
    (tmp_path / "forebay.yaml").write_text(text)

    spec = load_spec(tmp_path / "forebay.yaml").spec

    assert set(spec.connections) == set(yaml.safe_load(text)["connections"])


@pytest.mark.parametrize("title", TABLES)
def test_every_key_of_the_spec_is_documented_with_its_default_and_no_other(title: str) -> None:
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", SPEC_PAGE.read_text(), re.M | re.S)
    documented = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \| \S.* \|$", section, re.M))
    model, elsewhere = TABLES[title]
    keys = dict(_keys(model))
    own = set(keys) - {key for key, _ in _keys(elsewhere)} if elsewhere else set(keys)

    assert set(documented) == own
    for key, said in documented.items():
        assert said.startswith("required") == (keys[key] is REQUIRED), key
        if keys[key] not in (REQUIRED, None, [], {}) and (model, key) not in WHOLE:
            assert said == f"`{_written(keys[key])}`", key


def test_the_example_of_the_spec_loads_and_has_every_key(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", SPEC_PAGE.read_text(), re.S)
    (tmp_path / "forebay.yaml").write_text(text)

    spec = load_spec(tmp_path / "forebay.yaml").spec

    parts = (spec, spec.defaults, *spec.connections.values(), *spec.accounts.values(), *spec.prices)
    said = {(type(part), key) for part in parts for key in _said(part)}
    assert said == {(type(part), key) for part in parts for key, _ in _keys(type(part))}
    definitions = (*spec.extracts.values(), *spec.batches.values())
    assert {key for each in definitions for key in _said(each)} == {
        key for model in (ExtractSpec, BatchSpec) for key, _ in _keys(model)
    }


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Each key with its default; dotted, where it is a part of another."""
    for name, field in model.model_fields.items():
        key, inner = field.alias or name, _part(field.annotation)
        if inner is None or (model, key) in WHOLE:
            yield key, REQUIRED if field.is_required() else field.default
        else:
            yield from ((f"{key}.{below}", default) for below, default in _keys(inner))


def _said(part: BaseModel) -> Iterator[str]:
    """The keys that stand in a file, dotted as `_keys` has them."""
    for name in part.model_fields_set:
        key, value = type(part).model_fields[name].alias or name, getattr(part, name)
        if isinstance(value, BaseModel) and (type(part), key) not in WHOLE:
            yield from (f"{key}.{below}" for below in _said(value))
        else:
            yield key


def _part(annotation: Any) -> type[BaseModel] | None:
    """The model that a key's value is, if it is one."""
    if isinstance(annotation, UnionType):
        return next(filter(None, map(_part, get_args(annotation))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _written(default: Any) -> str:
    if isinstance(default, list):
        return f"[{', '.join(default)}]"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_are_taken_by_the_parser_of_the_command_line(path: Path) -> None:
    commands = [*shown_commands(Page(path)), *inline_commands(Page(path))]

    refused = {str(command): refusal(command.words[1:]) for command in commands if command.words[0] == "forebay"}
    assert {command: why for command, why in refused.items() if why} == {}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_block_of_commands_runs_or_says_why_not(path: Path) -> None:
    page = Page(path)

    assert [
        f"{page.name}:{block.line} is neither run nor says why not (tests/docs/markdown_pages.py has the marks)"
        for block in page.blocks
        if any(True for _ in commands_of(page, block)) and not block.runs and not block.why_not
    ] == []


PAGES_AND_SOURCE = [
    path
    for path in sorted(ROOT.rglob("*"))
    if path.suffix in (".py", ".lua", ".md") and path.relative_to(ROOT).parts[0] in FOLDERS | {"README.md"}
]
NAMED_PATH = re.compile(rf"`((?:{'|'.join(sorted(FOLDERS))})/[\w./-]*)`")


def test_every_file_that_a_page_or_a_docstring_names_is_there() -> None:
    named = [
        (str(path.relative_to(ROOT)), name)
        for path in PAGES_AND_SOURCE
        for name in NAMED_PATH.findall(path.read_text("utf-8"))
    ]

    assert len(named) > 300
    assert [(page, name) for page, name in named if not (ROOT / name).exists()] == []


LINKING = [*DOCS, ROOT / "bench/README.md", ROOT / "bench/governor.md"]
#: `mkdocs.yml` has this one; `make docs` writes it.
GENERATED = {"generated/options.md"}


class _Yaml(yaml.SafeLoader):
    """Reads over what names Python."""


_Yaml.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@pytest.mark.parametrize("path", LINKING, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_pages_and_anchors_that_there_are(path: Path) -> None:
    page = Page(path)
    broken = []
    for link in page.links:
        where, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            if not re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./%#?&=~+@:-]*)?", link):
                broken.append(link)
            continue
        target = (path.parent / where).resolve() if where else path
        if path.is_relative_to(ROOT / "docs") and not target.is_relative_to(ROOT / "docs"):
            broken.append(f"{link} is not part of the site: name it as `{target.relative_to(ROOT)}`")
        elif not target.exists() or (anchor and target.suffix == ".md" and anchor not in Page(target).anchors):
            broken.append(link)

    assert broken == []


def test_what_source_messages_and_alerts_name_of_the_docs_is_there() -> None:
    named = {
        (file.relative_to(ROOT).as_posix(), *said)
        for folder in (*FOLDERS - {"docs"}, "deploy")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".lua", ".yml", ".yaml", ".json", ".html", ".js", ".md"}
        for said in re.findall(r"\bdocs/((?:[\w-]+/)*[\w-]+\.(?:md|json))(?:#([\w-]+))?", file.read_text("utf-8"))
    }

    assert len(named) > 50
    assert [
        (by, page, anchor)
        for by, page, anchor in sorted(named)
        if page not in GENERATED
        and not ((ROOT / "docs" / page).is_file() and (not anchor or anchor in Page(ROOT / "docs" / page).anchors))
    ] == []


def test_each_page_of_the_docs_has_its_place_in_the_site_and_no_other() -> None:
    nav = yaml.load((ROOT / "mkdocs.yml").read_text(), _Yaml)["nav"]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")}
    placed = [*_leaves(nav)]

    assert sorted(placed) == sorted(pages | GENERATED)


def _leaves(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            if isinstance(value, str):
                yield value
            else:
                yield from _leaves(value)
