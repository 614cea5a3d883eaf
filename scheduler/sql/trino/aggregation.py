"""Finds what may not stand beside an aggregate, in a WHERE, or behind a DISTINCT. Part of `selects.py`.

Expressions are compared as they are written, without case and whose column it is: what looks like a key of GROUP BY is
taken for one. So a remark may be missing, and none is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from forebay.scheduler.sql.trino.calls import name_of
from forebay.scheduler.sql.trino.known_functions import FunctionKind, known_functions
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS, TreeRemarks
from forebay.scheduler.sql.trino.scopes import NameScope, resolve
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.usual_columns import USUAL_COLUMNS

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.selects import Queries, SelectParts

#: Within these another query speaks.
_QUERIES = frozenset({"SubqueryExpression", "Exists", "InSubquery", "QuantifiedComparison"})
#: As the only key of GROUP BY: all that is not aggregated, in releases that know it.
NEWER_KEYS = frozenset({"all", "auto"})


def aliases_of(remarks: TreeRemarks, parts: "SelectParts") -> Mapping[str, str]:
    """Lists what a SELECT calls its columns, and which expressions they are."""
    named: dict[str, str] = {}
    for item in parts.items:
        nodes = list(item.nodes)
        if item.kind == "SelectSingle" and len(nodes) > 1:
            named.setdefault(remarks.name(nodes[1]), remarks.quoted(nodes[0]))
    return named


def output_name(remarks: TreeRemarks, item: Node) -> str | None:
    """Finds what a column of a SELECT is called; None where Trino makes a name up."""
    nodes = list(item.nodes)
    if len(nodes) > 1:
        return remarks.name(nodes[1])
    if nodes[0].kind in ("ColumnReference", "Dereference"):
        return remarks.name(list(nodes[0].nodes)[-1])
    return None


def check_where(queries: "Queries", parts: "SelectParts", scope: NameScope) -> None:
    """Remarks on aggregates and windows in WHERE and GROUP BY, and on aliases that are most likely no columns."""
    for clause, word in (("WHERE", "WHERE"), ("GROUP", "GROUP BY")):
        for node in parts.clause(clause):
            for call in _calls(queries, node):
                name, is_window = name_of(queries.expressions, call), bool(call.of("Over"))
                way = (
                    "put it into a subquery"
                    if is_window or word == "GROUP BY"
                    else "conditions on groups stand in HAVING"
                )
                kind = "looks at other rows" if is_window else "is an aggregate"
                text = f"{name}() {kind}, and {word} looks at one: {way}"
                queries.remarks.error(call, "group", text)
    if not scope.is_known:
        for node in parts.clause("WHERE"):
            _aliases_in_where(queries, node, scope, parts)


def _aliases_in_where(queries: "Queries", node: Node, scope: NameScope, parts: "SelectParts") -> None:
    computed = {
        queries.remarks.name(nodes[1]): nodes[0]
        for item in parts.items
        if item.kind == "SelectSingle" and len(nodes := list(item.nodes)) > 1 and nodes[0].kind not in _NAMES
    }
    for column in _columns(node):
        name = queries.remarks.name(list(column.nodes)[-1])
        meant = computed.get(name)
        if column.kind != "ColumnReference" or meant is None or name in USUAL_COLUMNS:
            continue
        if all(queries.remarks.name(list(each.nodes)[-1]) != name for each in _columns(meant)):
            text = f"'{name}' is what this SELECT calls {scope.aliases[name]}, and {scope.sees}: repeat the expression"
            queries.remarks.warning(column, "alias", text)


_NAMES = ("ColumnReference", "Dereference")


def check(queries: "Queries", parts: "SelectParts", scope: NameScope) -> None:
    """Remarks on columns that stand beside aggregates and are not grouped, and on aggregates of aggregates."""
    expressions = [next(item.nodes) for item in parts.items if item.kind == "SelectSingle"]
    having = parts.clause("HAVING")
    for node in (*expressions, *having):
        for call in _calls(queries, node):
            _nested(queries, call)
    aggregates = any(_is_aggregate(queries, call) for node in (*expressions, *having) for call in _calls(queries, node))
    if not parts.clause("GROUP") and not aggregates and not having:
        return
    keys = _keys(queries, parts)
    if keys is None:
        return
    for node in (*expressions, *having):
        for column in _ungrouped(queries, node, keys, frozenset()):
            _remark(queries, column, scope, parts)
    named = frozenset(_names(queries.remarks, parts.items))
    for node in (next(item.nodes) for item in parts.sorts):
        for column in _ungrouped(queries, node, keys, named):
            _remark(queries, column, scope, parts)


def _remark(queries: "Queries", column: Node, scope: NameScope, parts: "SelectParts") -> None:
    name = queries.remarks.name(list(column.nodes)[-1])
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
    else:
        text = f"{quoted} stands beside an aggregate; GROUP BY it, or write arbitrary({quoted})"
    queries.remarks.error(column, "group", text)


def _grouped_alias(queries: "Queries", parts: "SelectParts", column: Node) -> str | None:
    """Finds the alias in GROUP BY of the very expression in which an ungrouped column stands."""
    for item in parts.items:
        nodes = list(item.nodes)
        if item.kind == "SelectSingle" and len(nodes) > 1 and _within(column, nodes[0]):
            alias = queries.remarks.name(nodes[1])
            grouped = (each for element in parts.clause("GROUP") for each in _columns(element))
            if any(queries.remarks.name(list(each.nodes)[-1]) == alias for each in grouped):
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
            text = _plain(queries, each)
            if text in NEWER_KEYS and each.kind == "ColumnReference":
                text = f"not each release of Trino knows GROUP BY {text.upper()}; write the columns, or their numbers"
                queries.remarks.warning(each, "version", text)
                return None
            if each.kind == "NumericLiteral" and text.isdigit():
                if int(text) > len(expressions) and all(expressions):
                    queries.remarks.error(
                        each, "group", f"there is no column {text} to group by: the SELECT has {len(expressions)}"
                    )
                    return None
                meant = expressions[int(text) - 1] if 0 < int(text) <= len(expressions) else None
                if None in expressions[: int(text)] or meant is None:
                    return None
                text = _plain(queries, meant)
            keys.add(text)
            keys |= {_plain(queries, node) for node in (each.nodes if each.kind == "RowConstructor" else ())}
    return frozenset(keys)


def _plain(queries: "Queries", node: Node) -> str:
    """Writes an expression so that equal ones look equal: a column without whose it is, a name without its quotes."""
    tokens = queries.remarks.tree.tokens[node.first : node.last + 1]
    words = [token.text if token.text.startswith("'") else token.text.lower().strip('"') for token in tokens]
    while len(words) > 2 and words[1] == "." and words[0].replace("_", "a").isalnum():
        words = words[2:]
    plain: list[str] = []
    for place, word in enumerate(words):
        if word == "." or (place + 1 < len(words) and words[place + 1] == "."):
            continue
        plain.append(word)
    return " ".join(plain)


def _ungrouped(queries: "Queries", node: Node, keys: frozenset[str], bound: frozenset[str]) -> Iterator[Node]:
    """Yields the columns of an expression that are neither grouped nor aggregated."""
    if _plain(queries, node) in keys or node.kind in _QUERIES:
        return
    if node.kind in ("FunctionCall", "Listagg") and _is_aggregate(queries, node):
        return
    if node.kind == "Lambda":
        bound |= {queries.remarks.name(part) for part in node.of(*IDENTIFIERS)}
    if node.kind in _NAMES:
        name = queries.remarks.name(next(part for part in node.walk() if part.kind in IDENTIFIERS))
        if name not in bound and name != "data_load_time":
            yield node
        return
    for part in node.nodes:
        if part.kind not in (*IDENTIFIERS, "QualifiedName"):
            yield from _ungrouped(queries, part, keys, bound)


def _calls(queries: "Queries", node: Node) -> Iterator[Node]:
    """Yields calls of aggregates and window functions, outside of subqueries."""
    if node.kind in _QUERIES:
        return
    if node.kind in ("FunctionCall", "Listagg"):
        known = known_functions().get(name_of(queries.expressions, node))
        if node.of("Over") or (known and known.kind is FunctionKind.AGGREGATE):
            yield node
    for part in node.nodes:
        yield from _calls(queries, part)


def _is_aggregate(queries: "Queries", call: Node) -> bool:
    known = known_functions().get(name_of(queries.expressions, call))
    return known is not None and known.kind is FunctionKind.AGGREGATE and not call.of("Over")


def _columns(node: Node) -> Iterator[Node]:
    if node.kind in _NAMES:
        yield node
    elif node.kind not in _QUERIES:
        for part in node.nodes:
            yield from _columns(part)


def _nested(queries: "Queries", call: Node) -> None:
    """Remarks on what Trino does not compute inside of an aggregate or a window function."""
    within = (inner for part in call.nodes if part.kind != "Over" for inner in _calls(queries, part))
    for inner in within:
        name, inner_name = name_of(queries.expressions, call), name_of(queries.expressions, inner)
        if inner.of("Over") or (_is_aggregate(queries, call) and _is_aggregate(queries, inner)):
            text = f"{inner_name}() stands in {name}(): compute it in a subquery, and aggregate that"
            queries.remarks.error(inner, "group", text)


def check_distinct(queries: "Queries", parts: "SelectParts") -> None:
    """Remarks on an ORDER BY of what SELECT DISTINCT does not give."""
    if any(item.kind == "SelectAll" for item in parts.items):
        return
    given = {_plain(queries, next(item.nodes)) for item in parts.items}
    given |= set(_names(queries.remarks, parts.items))
    for item in parts.sorts:
        expression = next(item.nodes)
        if expression.kind != "NumericLiteral" and _plain(queries, expression) not in given:
            quoted = queries.remarks.quoted(expression)
            text = f"SELECT DISTINCT is ordered by what it gives, and {quoted} is none of that: select it, or GROUP BY"
            queries.remarks.error(item, "group", text)


def _names(remarks: TreeRemarks, items: Iterable[Node]) -> Iterator[str]:
    yield from filter(None, (output_name(remarks, item) for item in items))
