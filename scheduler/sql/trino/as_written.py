"""Reads what a SELECT calls its columns, and writes expressions so that equal ones look equal. Part of `selects.py`."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

from forebay.scheduler.sql.trino.remarks import TreeRemarks
from forebay.scheduler.sql.trino.syntax import Node

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.selects import SelectParts

#: Within these another query speaks.
OTHER_QUERIES = frozenset({"SubqueryExpression", "Exists", "InSubquery", "QuantifiedComparison"})
COLUMN_NAMES = ("ColumnReference", "Dereference")


def aliases_of(remarks: TreeRemarks, parts: "SelectParts") -> Mapping[str, str]:
    """Lists what a SELECT calls its columns, and which expressions they are."""
    named: dict[str, str] = {}
    for item in parts.items:
        nodes = list(item.nodes)
        if item.kind == "SelectSingle" and len(nodes) > 1:
            named.setdefault(remarks.name(nodes[1]), remarks.quoted(nodes[0]))
    return named


def output_name(remarks: TreeRemarks, item: Node) -> str | None:
    """Finds what a column of a SELECT is called; None where Trino makes a name up, and for a star."""
    nodes = list(item.nodes)
    if item.kind != "SelectSingle":
        return None
    if len(nodes) > 1:
        return remarks.name(nodes[1])
    return column_name(remarks, nodes[0]) if nodes[0].kind in COLUMN_NAMES else None


def output_names(remarks: TreeRemarks, items: Iterable[Node]) -> Iterator[str]:
    """Yields what those are called that have a name."""
    yield from filter(None, (output_name(remarks, item) for item in items))


def column_name(remarks: TreeRemarks, column: Node) -> str:
    """Reads the name of a column, without whose it is."""
    return remarks.name(list(column.nodes)[-1])


def is_column(node: Node) -> bool:
    """Tells a name, with whose it is before it, from a field of what is computed."""
    return node.kind == "ColumnReference" or (node.kind == "Dereference" and is_column(next(node.nodes)))


def columns_within(node: Node) -> Iterator[Node]:
    """Yields the columns of an expression, but those of other queries in it."""
    if is_column(node):
        yield node
    elif node.kind not in OTHER_QUERIES:
        for part in node.nodes:
            yield from columns_within(part)


def plain(remarks: TreeRemarks, node: Node) -> str:
    """Writes an expression so that equal ones look equal: a column without whose it is, a name without its quotes.

    Without brackets, too: those around a part of a sum change nothing, and where they do, too much looks equal.
    """
    tokens = remarks.tree.tokens[node.first : node.last + 1]
    words = [token.text if token.text.startswith("'") else token.text.lower().strip('"') for token in tokens]
    while len(words) > 2 and words[1] == "." and words[0].replace("_", "a").isalnum():
        words = words[2:]
    kept = (
        word for word, after in zip_longest(words, words[1:]) if "." not in (word, after) and word not in ("(", ")")
    )
    return " ".join(kept)
