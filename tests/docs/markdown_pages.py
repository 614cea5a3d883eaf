"""Reads pages of Markdown: their blocks of code with the marks before them, their links, and the anchors they have.

A mark is a comment, which no reader sees. `<!-- run -->` says that the next block is run, after those above it, and
`<!-- not run: WHY -->` that it is not. `<!-- commands are not run: WHY -->` says so of all blocks of a page that have
no mark of their own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.source import ROOT

#: What people read to use it. What is generated is read from what generates it.
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "generated" not in page.parts),
    ROOT / "examples/month-end/README.md",
    ROOT / "sandbox/README.md",
]
_MARK = re.compile(r"<!-- (?:(?P<run>run)|not run: (?P<why>.+?)) -->")
_ALL = re.compile(r"<!-- commands are not run: (.+?) -->", re.DOTALL)
_FENCE = re.compile(r"( *)```(\S*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"#{1,6} +(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Code that a page shows by itself."""

    line: int
    """Where it begins."""
    text: str
    language: str
    """What the fence says; empty where it says nothing, or where the block is indented."""
    runs: bool
    why_not: str
    """Why nobody runs it; empty where nothing is said."""


class Page:
    """A page as it is in the repository."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
        self.text = path.read_text("utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        """Its blocks of code in their order."""
        return [*self._blocks()]

    @cached_property
    def prose(self) -> str:
        """Its text without blocks of code, line for line."""
        lines = self.text.splitlines()
        for block in self.blocks:
            for number in range(block.line - 1, block.line - 1 + len(block.text.splitlines())):
                lines[number] = ""
        return "\n".join(lines)

    @property
    def links(self) -> list[str]:
        """Finds where it leads."""
        return _LINK.findall(re.sub(r"`[^`]*`", "", self.prose))

    @property
    def anchors(self) -> set[str]:
        """Makes the ends of addresses that lead into it, as GitHub and the site do it from headings."""
        seen: dict[str, int] = {}
        anchors = set()
        for line in self.prose.splitlines():
            if heading := _HEADING.fullmatch(line):
                words = re.sub(r"[^\w\- ]", "", heading[1].lower()).strip().replace(" ", "-")
                times = seen[words] = seen.get(words, -1) + 1
                anchors.add(f"{words}-{times}" if times else words)
        return anchors

    def _blocks(self) -> Iterator[Block]:
        said = _ALL.search(self.text)
        of_all = " ".join(said[1].split()) if said else ""
        lines, number, mark = self.text.splitlines(), 0, None
        while number < len(lines):
            line, before = lines[number], lines[number - 1] if number else ""
            if fence := _FENCE.match(line):
                end = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == "```")
                body, start, language = lines[number + 1 : end], number + 2, fence[2]
                number = end
            elif line.startswith("    ") and not before.strip():
                end = next((at for at in range(number, len(lines)) if _ends_an_indented_block(lines, at)), len(lines))
                body, start, language = lines[number:end], number + 1, ""
                number = end - 1
            else:
                if line.strip():
                    mark = _MARK.fullmatch(line.strip()) if line.startswith("<!--") else None
                number += 1
                continue
            indent = min((len(each) - len(each.lstrip()) for each in body if each.strip()), default=0)
            yield Block(
                line=start,
                text="\n".join(each[indent:] for each in body),
                language=language,
                runs=bool(mark and mark["run"]),
                why_not=(mark["why"] or "") if mark else of_all,
            )
            mark = None
            number += 1


def _ends_an_indented_block(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at:] if line.strip()), "")
    return not following.startswith("    ")
