"""Finds aggregates and window functions where none may stand, and aliases in a WHERE. Part of `selects.py`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forebay.scheduler.sql.trino.as_written import COLUMN_NAMES, OTHER_QUERIES, column_name, columns_within
from forebay.scheduler.sql.trino.calls import name_of
from forebay.scheduler.sql.trino.known_functions import FunctionKind, known_functions
from forebay.scheduler.sql.trino.scopes import NameScope
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.usual_columns import USUAL_COLUMNS

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.selects import Queries, SelectParts


def calls_over_rows(queries: "Queries", node: Node) -> Iterator[Node]:
    """Yields calls of aggregates and window functions, outside of subqueries."""
    if node.kind in OTHER_QUERIES:
        return
    if node.kind in ("FunctionCall", "Listagg") and (node.of("Over") or is_aggregate(queries, node)):
        yield node
    for part in node.nodes:
        yield from calls_over_rows(queries, part)


def is_aggregate(queries: "Queries", call: Node) -> bool:
    """Tells whether a call makes one value of many rows, and is no window over them."""
    known = known_functions().get(name_of(queries.expressions, call))
    return known is not None and known.kind is FunctionKind.AGGREGATE and not call.of("Over")


def check_clauses(queries: "Queries", parts: "SelectParts", scope: NameScope) -> None:
    """Remarks on aggregates and windows in WHERE and GROUP BY, and on aliases that are most likely no columns."""
    for node in parts.clause("WHERE"):
        check_one_row(queries, node, "WHERE", "conditions on groups stand in HAVING")
    for node in parts.clause("GROUP"):
        check_one_row(queries, node, "GROUP BY", _SUBQUERY)
    for node in parts.clause("HAVING"):
        for call in (each for each in calls_over_rows(queries, node) if each.of("Over")):
            _misplaced(queries, call, "HAVING at groups", _SUBQUERY)
    if not scope.is_known:
        for node in parts.clause("WHERE"):
            _aliases_in_where(queries, node, scope, parts)


def check_one_row(queries: "Queries", node: Node, clause: str, way: str) -> None:
    """Remarks on aggregates and windows in a clause that looks at one row; `way` is that of aggregates."""
    for call in calls_over_rows(queries, node):
        _misplaced(queries, call, f"{clause} looks at one", _SUBQUERY if call.of("Over") else way)


def check_nested(queries: "Queries", call: Node) -> None:
    """Remarks on what Trino does not compute inside of an aggregate or a window function."""
    within = (inner for part in call.nodes if part.kind != "Over" for inner in calls_over_rows(queries, part))
    for inner in within:
        name, inner_name = name_of(queries.expressions, call), name_of(queries.expressions, inner)
        if inner.of("Over") or (is_aggregate(queries, call) and is_aggregate(queries, inner)):
            text = f"{inner_name}() stands in {name}(): compute it in a subquery, and aggregate that"
            queries.remarks.error(inner, "group", text)


_SUBQUERY = "put it into a subquery"


def _misplaced(queries: "Queries", call: Node, but: str, way: str) -> None:
    kind = "looks at other rows" if call.of("Over") else "is an aggregate"
    queries.remarks.error(call, "group", f"{name_of(queries.expressions, call)}() {kind}, and {but}: {way}")


def _aliases_in_where(queries: "Queries", node: Node, scope: NameScope, parts: "SelectParts") -> None:
    computed = {
        queries.remarks.name(nodes[1]): nodes[0]
        for item in parts.items
        if item.kind == "SelectSingle" and len(nodes := list(item.nodes)) > 1 and nodes[0].kind not in COLUMN_NAMES
    }
    for column in columns_within(node):
        name = column_name(queries.remarks, column)
        meant = computed.get(name)
        if column.kind != "ColumnReference" or meant is None or name in USUAL_COLUMNS:
            continue
        if all(column_name(queries.remarks, each) != name for each in columns_within(meant)):
            text = f"'{name}' is what this SELECT calls {scope.aliases[name]}, and {scope.sees}: repeat the expression"
            queries.remarks.warning(column, "alias", text)
