"""Finds what may not stand beside an aggregate, or behind a DISTINCT. Part of `selects.py`.

Expressions are compared as they are written, without case and whose column it is: what looks like a key of GROUP BY is
taken for one. So a remark may be missing, and none is wrong.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from forebay.scheduler.sql.trino.as_written import (
    OTHER_QUERIES,
    aliases_of,
    column_name,
    columns_within,
    is_column,
    output_names,
    plain,
)
from forebay.scheduler.sql.trino.misplaced_calls import calls_over_rows, check_nested, is_aggregate
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS
from forebay.scheduler.sql.trino.scopes import NameScope, resolve
from forebay.scheduler.sql.trino.syntax import Node

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.selects import Queries, SelectParts

#: As the only key of GROUP BY: all that is not aggregated, in releases that know it.
NEWER_KEYS = frozenset({"all", "auto"})


def check(queries: "Queries", parts: "SelectParts", scope: NameScope) -> None:
    """Remarks on columns that stand beside aggregates and are not grouped, and on aggregates of aggregates."""
    expressions = [next(item.nodes) for item in parts.items if item.kind == "SelectSingle"]
    having = parts.clause("HAVING")
    for node in (*expressions, *having):
        for call in calls_over_rows(queries, node):
            check_nested(queries, call)
    aggregates = any(
        is_aggregate(queries, call) for node in (*expressions, *having) for call in calls_over_rows(queries, node)
    )
    keys = _keys(queries, parts)
    _check_grouping(queries, [*expressions, *having, *(next(item.nodes) for item in parts.sorts)], keys)
    if not parts.clause("GROUP") and not aggregates and not having:
        return
    _check_stars(queries, parts, scope, keys)
    if keys is None:
        return
    for node in (*expressions, *having):
        for column in _ungrouped(queries, node, keys, frozenset()):
            _remark(queries, column, scope, parts)
    named = frozenset(output_names(queries.remarks, parts.items))
    for node in (next(item.nodes) for item in parts.sorts):
        for column in _ungrouped(queries, node, keys, named):
            _remark(queries, column, scope, parts)


def _check_grouping(queries: "Queries", nodes: Iterable[Node], keys: frozenset[str] | None) -> None:
    """Remarks on grouping() of what is not grouped."""
    if keys is None:
        return
    for operation in (each for node in nodes for each in node.walk() if each.kind == "GroupingOperation"):
        for name in operation.nodes:
            if plain(queries.remarks, name) not in keys:
                text = f"grouping() takes what stands in GROUP BY, and {queries.remarks.quoted(name)} does not"
                queries.remarks.error(name, "group", text)


def _check_stars(queries: "Queries", parts: "SelectParts", scope: NameScope, keys: frozenset[str] | None) -> None:
    """Remarks on a star that gives columns which are not grouped, or that stands beside an aggregate."""
    for item in (each for each in parts.items if each.kind == "SelectAll"):
        base = next(item.nodes, None)
        name = queries.remarks.name(base) if base else None
        of = [relation for relation in scope.relations if name is None or relation.name == name]
        given = [column.name for relation in of for column in relation.columns or () if column.name]
        loose = [column for column in given if keys is not None and column not in (*keys, *queries.hidden)]
        if not parts.clause("GROUP"):
            text = "* stands beside an aggregate: list the columns, and GROUP BY them"
            queries.remarks.error(item, "group", text)
        elif loose:
            text = f"* gives '{loose[0]}', which is not in GROUP BY: list the columns that are"
            queries.remarks.error(item, "group", text)


def _remark(queries: "Queries", column: Node, scope: NameScope, parts: "SelectParts") -> None:
    name = column_name(queries.remarks, column)
    if _is_of_outside(queries, column, scope) or not resolve(scope, name).found:
        return
    alias = aliases_of(queries.remarks, parts).get(name)
    quoted = queries.remarks.quoted(column)
    if alias and column.kind == "ColumnReference" and any(_within(column, node) for node in parts.clause("HAVING")):
        sees = "HAVING sees columns and groups only: repeat the expression"
        text = f"'{name}' is what this SELECT calls {alias}, and {sees}"
    elif parts.clause("GROUP"):
        text = f"{quoted} is neither in GROUP BY nor in an aggregate; group by it, or write arbitrary({quoted})"
        if aliased := _grouped_alias(queries, parts, column):
            text = f"GROUP BY knows no alias '{aliased}'; write its number, as GROUP BY 1, or repeat the expression"
    elif not any(is_aggregate(queries, call) for call in calls_over_rows(queries, parts.node)):
        text = f"{quoted} stands beside HAVING, which makes one group of all rows: conditions on rows stand in WHERE"
    else:
        text = f"{quoted} stands beside an aggregate; GROUP BY it, or write arbitrary({quoted})"
    queries.remarks.error(column, "group", text)


def _grouped_alias(queries: "Queries", parts: "SelectParts", column: Node) -> str | None:
    """Finds the alias in GROUP BY of the very expression in which an ungrouped column stands."""
    for item in parts.items:
        nodes = list(item.nodes)
        if item.kind == "SelectSingle" and len(nodes) > 1 and _within(column, nodes[0]):
            alias = queries.remarks.name(nodes[1])
            grouped = (each for element in parts.clause("GROUP") for each in columns_within(element))
            if any(column_name(queries.remarks, each) == alias for each in grouped):
                return alias
    return None


def _within(node: Node, around: Node) -> bool:
    return around.first <= node.first and node.last <= around.last


def _is_of_outside(queries: "Queries", column: Node, scope: NameScope) -> bool:
    """Tells whether a column may be one of the query around this one, which is one value for all of its rows."""
    if scope.outer is None or not scope.outer.relations:
        return False
    names = [queries.remarks.name(part) for part in column.walk() if part.kind in IDENTIFIERS]
    if len(names) > 1:
        return all(relation.name != names[0] for relation in scope.relations)
    return not scope.is_known or all(not relation.named(names[0]) for relation in scope.relations)


def _keys(queries: "Queries", parts: "SelectParts") -> frozenset[str] | None:
    """Lists what is grouped by, as it is written; None where that cannot be told."""
    keys: set[str] = set()
    expressions = [next(item.nodes) if item.kind == "SelectSingle" else None for item in parts.items]
    for element in parts.clause("GROUP"):
        for each in (node for part in element.walk() if part.kind == "GroupingSet" for node in part.nodes):
            text = plain(queries.remarks, each)
            if text in NEWER_KEYS and each.kind == "ColumnReference":
                text = f"not each release of Trino knows GROUP BY {text.upper()}; write the columns, or their numbers"
                queries.remarks.warning(each, "version", text)
                return None
            if each.kind == "NumericLiteral" and text.isdigit():
                if not 0 < int(text) <= len(expressions) and (all(expressions) or not int(text)):
                    queries.remarks.error(
                        each, "group", f"there is no column {text} to group by: the SELECT has {len(expressions)}"
                    )
                    return None
                meant = expressions[int(text) - 1] if 0 < int(text) <= len(expressions) else None
                if None in expressions[: int(text)] or meant is None:
                    return None
                text = plain(queries.remarks, meant)
            keys.add(text)
            keys |= {plain(queries.remarks, node) for node in (each.nodes if each.kind == "RowConstructor" else ())}
    return frozenset(keys)


def _ungrouped(queries: "Queries", node: Node, keys: frozenset[str], bound: frozenset[str]) -> Iterator[Node]:
    """Yields the columns of an expression that are neither grouped nor aggregated."""
    if plain(queries.remarks, node) in keys or node.kind in OTHER_QUERIES:
        return
    if node.kind in ("FunctionCall", "Listagg") and is_aggregate(queries, node):
        return
    if node.kind == "Lambda":
        bound |= {queries.remarks.name(part) for part in node.of(*IDENTIFIERS)}
    if is_column(node):
        name = queries.remarks.name(next(part for part in node.walk() if part.kind in IDENTIFIERS))
        if name not in bound and name != "data_load_time":
            yield node
        return
    for part in node.nodes:
        if part.kind not in (*IDENTIFIERS, "QualifiedName"):
            yield from _ungrouped(queries, part, keys, bound)


def check_distinct(queries: "Queries", parts: "SelectParts") -> None:
    """Remarks on an ORDER BY of what SELECT DISTINCT does not give."""
    if any(item.kind == "SelectAll" for item in parts.items):
        return
    given = {plain(queries.remarks, next(item.nodes)) for item in parts.items}
    given |= set(output_names(queries.remarks, parts.items))
    for item in parts.sorts:
        expression = next(item.nodes)
        if expression.kind != "NumericLiteral" and plain(queries.remarks, expression) not in given:
            quoted = queries.remarks.quoted(expression)
            text = f"SELECT DISTINCT is ordered by what it gives, and {quoted} is none of that: select it, or GROUP BY"
            queries.remarks.error(item, "group", text)
