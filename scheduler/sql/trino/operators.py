"""Judges operators: comparisons, AND and OR, sums, `||`, time zones, CASE. Part of `expressions.py`."""

from typing import TYPE_CHECKING

from forebay.scheduler.sql.trino import literals_of_types
from forebay.scheduler.sql.trino.scopes import NameScope
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import ValueType, are_sure, common, go_together, named

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.expressions import Expressions

_BOOLEAN, _TEXT = named("boolean"), named("varchar")


def predicated(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType:
    """Judges a comparison, BETWEEN, IN, LIKE or IS."""
    value, predicate = node.nodes
    mine = value, expressions.type_of(value, scope)
    match predicate.kind:
        case "Comparison" | "DistinctFrom" | "Between" | "InList":
            for other in predicate.nodes:
                if other.kind != "ComparisonOperator":
                    expressions.meet(
                        predicate if other.first > predicate.first else node,
                        mine,
                        (other, expressions.type_of(other, scope)),
                    )
            if predicate.kind == "Comparison":
                _no_null(expressions, node, predicate)
        case "InSubquery" | "QuantifiedComparison":
            _in_subquery(expressions, predicate, mine, scope)
        case "Like":
            _like(expressions, node, mine, predicate, scope)
    return _BOOLEAN


def _no_null(expressions: "Expressions", node: Node, predicate: Node) -> None:
    """Warns of a comparison with NULL, which is neither true nor false."""
    value, (sign, other) = next(node.nodes), predicate.nodes
    if "NullLiteral" not in (value.kind, other.kind):
        return
    quoted = expressions.remarks.quoted(other if value.kind == "NullLiteral" else value)
    written, no = expressions.remarks.tree.text(sign), "" if expressions.remarks.tree.text(sign) == "=" else "NOT "
    text = f"nothing is {written} NULL, so this is never true: write {quoted} IS {no}NULL"
    expressions.remarks.warning(predicate, "null", text)


def _in_subquery(
    expressions: "Expressions", predicate: Node, mine: tuple[Node, ValueType | None], scope: NameScope
) -> None:
    query = list(predicate.nodes)[-1]
    columns = expressions.subquery(query, scope)
    if columns is not None and len(columns) == 1:
        expressions.meet(predicate, mine, (query, columns[0].type))
    elif columns is not None and mine[0].kind not in ("RowConstructor",) and len(columns) > 1:
        expressions.remarks.error(predicate, "scope", f"the subquery gives {len(columns)} columns, and one is compared")


def _like(
    expressions: "Expressions", node: Node, mine: tuple[Node, ValueType | None], predicate: Node, scope: NameScope
) -> None:
    for part, found in (mine, *((each, expressions.type_of(each, scope)) for each in predicate.nodes)):
        if not go_together(found, _TEXT) and found:
            text = (
                f"LIKE compares texts, and {expressions.remarks.quoted(part)} is {found.name}: write CAST(… AS varchar)"
            )
            expressions.remarks.error(node, "type", text, sure=found.sure)


def logical(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType:
    """Judges AND, OR and NOT."""
    for part in node.nodes:
        expressions.condition(part, scope, {"And": "AND", "Or": "OR"}.get(node.kind, "NOT"))
    return _BOOLEAN


def unary(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Judges a sign before a value."""
    value = next(node.nodes)
    found = expressions.type_of(value, scope)
    if found and found.family not in ("number", "days", "months", "anything"):
        text = f"a sign stands before numbers, and {expressions.remarks.quoted(value)} is {found.name}"
        expressions.remarks.error(node, "type", text, sure=found.sure)
    return found


def arithmetic(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Judges sums, products and the like, from left to right."""
    nodes = list(node.nodes)
    result, sofar = expressions.type_of(nodes[0], scope), nodes[0]
    for sign, operand in zip(expressions.remarks.tree.words(node), nodes[1:], strict=True):
        right = expressions.type_of(operand, scope)
        text = literals_of_types.why_not(expressions.remarks, (sofar, result), sign, (operand, right))
        if text:
            expressions.remarks.error(operand, "type", text, sure=are_sure((result, right)))
        result, sofar = (None if text else literals_of_types.outcome(result, sign, right)), operand
    return result


def concatenation(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Judges `||`."""
    nodes = list(node.nodes)
    types = expressions.types_of(nodes, scope)
    array = next((found for found in types if found and found.family == "array"), None)
    if array:
        for part, found in zip(nodes, types, strict=True):
            inner = array.inner[0] if array.inner else None
            if found and not go_together(found, array) and inner and not go_together(found, inner):
                quoted = expressions.remarks.quoted(part)
                text = f"|| joins lists of {inner.name}, and {quoted} is {found.name}"
                expressions.remarks.error(part, "type", text, sure=are_sure((found, inner)))
        return array
    if None in types:
        return _TEXT if any(found and found.family == "text" for found in types) else None
    for part, found in zip(nodes, types, strict=True):
        if found and found.family not in ("text", "binary", "anything"):
            text = f"|| joins texts, and {expressions.remarks.quoted(part)} is {found.name}: write CAST(… AS varchar)"
            expressions.remarks.error(part, "type", text, sure=found.sure)
    return common(types)


def at_time_zone(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType:
    """Judges AT TIME ZONE."""
    value, zone = node.nodes
    found = expressions.type_of(value, scope)
    if (found and found.family not in ("moment", "time", "anything")) or (found and found.name == "date"):
        text = f"AT TIME ZONE shifts timestamps, and {expressions.remarks.quoted(value)} is {found.name}"
        expressions.remarks.error(node, "type", text, sure=found.sure)
    for part in zone.nodes:
        literals_of_types.check_zone(expressions.remarks, part)
    return named("timestamp with time zone") if not found or found.family != "time" else named("time with time zone")


def case(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Judges a CASE, of either kind."""
    nodes = list(node.nodes)
    whens = [part for part in nodes if part.kind == "WhenClause"]
    operand = nodes[0] if node.kind == "SimpleCase" else None
    mine = (operand, expressions.type_of(operand, scope)) if operand else None
    results: list[Node] = []
    for when in whens:
        condition, result = when.nodes
        if mine:
            expressions.meet(condition, mine, (condition, expressions.type_of(condition, scope)))
        else:
            expressions.condition(condition, scope, "WHEN")
        results.append(result)
    if nodes[-1].kind != "WhenClause":
        results.append(nodes[-1])
    return expressions.one_type(results, expressions.types_of(results, scope), "the results of a CASE")
