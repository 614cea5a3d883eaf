"""Every link of every page leads somewhere, and so does each page that a message or an alert names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.markdown_pages import PAGES, Page
from tests.source import FOLDERS, ROOT

ALL = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "bench/README.md", ROOT / "bench/governor.md"]
#: `mkdocs.yml` has this one; `make docs` writes it.
GENERATED = {"generated/options.md"}


class _Yaml(yaml.SafeLoader):
    """Reads over what names Python."""


_Yaml.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.relative_to(ROOT).as_posix())
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
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in Page(target).anchors):
            broken.append(link)

    assert broken == []


def test_what_source_messages_and_alerts_name_of_the_docs_is_there() -> None:
    named = {
        (file.relative_to(ROOT).as_posix(), *said)
        for folder in (*FOLDERS, "deploy", "bench", "tests")
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
