"""Reads the tables of docs/api-facts.md."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api-facts.md").read_text("utf-8")

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, by the words of its head."""

    section: str
    cells: dict[str, str]

    def __getitem__(self, head: str) -> str:
        return self.cells[head]

    @property
    def first(self) -> str:
        """Gives what the row is about."""
        return next(iter(self.cells.values()))


def rows(section: str) -> list[Row]:
    """Gives the rows of the tables below a heading, down to the next."""
    return [row for row in all_rows() if row.section == section]


@cache
def all_rows() -> tuple[Row, ...]:
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    section, heads = "", None
    for line in PAGE.splitlines():
        if line.startswith("#"):
            section, heads = line.lstrip("# "), None
        elif line.startswith("|---"):
            continue
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if heads is None:
                heads = cells
            else:
                yield Row(section, dict(zip(heads, cells, strict=True)))
        else:
            heads = None


def code(cell: str) -> list[str]:
    """Gives what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def named_tests(cell: str) -> list[tuple[str, str]]:
    """Gives the tests that a cell names: path and name."""
    return _TEST.findall(cell)


@cache
def functions_of(path: str) -> frozenset[str]:
    """Names the functions of a file; none where there is no such file."""
    file = ROOT / path
    tree = ast.parse(file.read_text("utf-8") if file.exists() else "")
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
