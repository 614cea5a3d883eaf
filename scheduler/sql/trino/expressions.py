"""Finds the type of an expression, and what in it Trino would refuse: names that are not there, types that never meet.

`selects.py` asks for each expression of a query, in the scope where it stands; `calls.py` judges function calls.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

from forebay.scheduler.sql.trino import calls, column_names, literals_of_types, operators, row_patterns
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS, TreeRemarks
from forebay.scheduler.sql.trino.scopes import Columns, NameScope
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import ValueType, are_sure, common, go_together, named, parse_type, turned

_BOOLEAN, _TEXT = named("boolean"), named("varchar")
_PLAIN = {
    "IntegerLiteral": "integer", "DecimalLiteral": "decimal", "DoubleLiteral": "double", "StringLiteral": "varchar",
    "BooleanLiteral": "boolean", "BinaryLiteral": "varbinary", "NullLiteral": "unknown", "JsonExists": "boolean",
    "GroupingOperation": "bigint", "CurrentUser": "varchar",
}  # fmt: skip
_NOW = {
    "CURRENT_DATE": "date", "CURRENT_TIME": "time with time zone", "CURRENT_TIMESTAMP": "timestamp with time zone",
    "LOCALTIME": "time", "LOCALTIMESTAMP": "timestamp",
}  # fmt: skip

_NO_ELEMENTS = frozenset({"number", "text", "moment", "time", "days", "months", "boolean", "json", "uuid"})

_Rule = Callable[["Expressions", Node, NameScope], ValueType | None]


class Expressions:
    """Judges the expressions of one tree."""

    def __init__(self, remarks: TreeRemarks, subquery: Callable[[Node, NameScope], Columns]) -> None:
        self.remarks = remarks
        self.subquery = subquery

    def type_of(self, node: Node, scope: NameScope) -> ValueType | None:
        """Judges an expression with all that it is made of; None where its type is not known."""
        if node.kind in _PLAIN:
            return named(_PLAIN[node.kind])
        rule = _RULES.get(node.kind)
        if rule is not None:
            return rule(self, node, scope)
        for part in node.nodes:
            self.type_of(part, scope)
        return None

    def types_of(self, nodes: Sequence[Node], scope: NameScope) -> list[ValueType | None]:
        """Judges several."""
        return [self.type_of(node, scope) for node in nodes]

    def judge_lambda(
        self, node: Node, scope: NameScope, given: Sequence[ValueType | None] = ()
    ) -> tuple[Node, ValueType | None]:
        """Judges what a function that is an argument makes of its own arguments; finds what it gives, and its type."""
        *names, body = node.nodes
        types = zip_longest(names, given[: len(names)])
        arguments = {self.remarks.name(name): found for name, found in types if name.kind in IDENTIFIERS}
        return body, self.type_of(body, replace(scope, arguments={**scope.arguments, **arguments}))

    def condition(self, node: Node, scope: NameScope, where: str) -> None:
        """Judges what has to be true or false."""
        self.is_boolean(node, self.type_of(node, scope), where)

    def is_boolean(self, node: Node, found: ValueType | None, where: str) -> None:
        """Remarks on what has to be true or false, and is of another type."""
        if not go_together(found, _BOOLEAN) and found:
            text = f"{where} wants a boolean, and {self.remarks.quoted(node)} is {found.name}"
            self.remarks.error(node, "type", text, sure=found.sure)

    def meet(self, node: Node, one: tuple[Node, ValueType | None], other: tuple[Node, ValueType | None]) -> None:
        """Remarks on two sides of a comparison that Trino does not compare."""
        if go_together(one[1], other[1]) or one[1] is None or other[1] is None:
            return
        quoted = self.remarks.quoted
        text = (
            f"{quoted(one[0])} is {one[1].name} and {quoted(other[0])} is {other[1].name}: Trino compares no two types"
        )
        hint = literals_of_types.rewritten(self.remarks, one, other) or literals_of_types.rewritten(
            self.remarks, other, one
        )
        self.remarks.error(node, "type", text + hint, sure=are_sure((one[1], other[1])))

    def one_type(self, nodes: Sequence[Node], types: Sequence[ValueType | None], of: str) -> ValueType | None:
        """Finds the type that several values have in common, and remarks where there is none."""
        first = next(((node, found) for node, found in zip(nodes, types, strict=True) if _is_known(found)), None)
        for node, found in zip(nodes, types, strict=True):
            if first and first[1] and found and not go_together(first[1], found):
                quoted = self.remarks.quoted
                text = f"{of} are of one type: {quoted(first[0])} is {first[1].name}, and {quoted(node)} {found.name}"
                self.remarks.error(node, "type", text, sure=are_sure((first[1], found)))
                return None
        return common(types)


def _subscript(expressions: Expressions, node: Node, scope: NameScope) -> ValueType | None:
    of, index = node.nodes
    base, place = expressions.types_of([of, index], scope)
    quoted = expressions.remarks.quoted
    if base and base.family == "array" and expressions.remarks.tree.text(index) == "0":
        expressions.remarks.error(node, "type", "the first element of an array is number 1")
    if base and base.family in _NO_ELEMENTS:
        text = f"an element is taken of an array, a map or a row, and {quoted(of)} is {base.name}"
        way = f": write substr({quoted(of)}, {quoted(index)}, 1)" if base.family == "text" else ""
        expressions.remarks.error(node, "type", text + way, sure=base.sure)
    if base and base.family == "array" and place and place.family not in ("number", "anything"):
        text = f"the elements of an array have numbers, and {quoted(index)} is {place.name}"
        expressions.remarks.error(index, "type", text, sure=are_sure((base, place)))
    if base and base.family == "row":
        number = expressions.remarks.tree.text(index)
        return base.inner[int(number) - 1] if number.isdigit() and 0 < int(number) <= len(base.inner) else None
    key = base.inner[0] if base and base.family == "map" and base.inner else None
    if base and key and place and not go_together(key, place):
        text = f"the keys of {quoted(of)} are {key.name}, and {quoted(index)} is {place.name}"
        expressions.remarks.error(index, "type", text, sure=are_sure((base, place)))
    return base.inner[-1] if base and base.inner else None


def _cast(expressions: Expressions, node: Node, scope: NameScope) -> ValueType | None:
    value, target = node.nodes
    found, wanted = expressions.type_of(value, scope), parse_type(expressions.remarks.tree.text(target))
    literals_of_types.check_type(expressions.remarks, target)
    if found and wanted and (way := turned(quoted := expressions.remarks.quoted(value), found, wanted)) is not None:
        text = f"Trino casts no {found.name} to {wanted.name}" + (f"; write {way}" if way else f" ({quoted})")
        expressions.remarks.error(node, "type", text, sure=found.sure)
    return wanted


def _constructor(expressions: Expressions, node: Node, _scope: NameScope) -> ValueType | None:
    return literals_of_types.constructed(expressions.remarks, node)


def _interval(expressions: Expressions, node: Node, _scope: NameScope) -> ValueType:
    return literals_of_types.interval(expressions.remarks, node)


def _now(expressions: Expressions, node: Node, _scope: NameScope) -> ValueType | None:
    name = _NOW.get(expressions.remarks.tree.words(node)[0])
    return named(name) if name else None


def _exists(expressions: Expressions, node: Node, scope: NameScope) -> ValueType:
    expressions.subquery(next(node.nodes), scope)
    return _BOOLEAN


def _scalar_subquery(expressions: Expressions, node: Node, scope: NameScope) -> ValueType | None:
    columns = expressions.subquery(next(node.nodes), scope)
    if columns is not None and len(columns) > 1:
        expressions.remarks.error(node, "scope", f"a subquery for one value gives {len(columns)} columns")
    return columns[0].type if columns is not None and len(columns) == 1 else None


def _array(expressions: Expressions, node: Node, scope: NameScope) -> ValueType:
    nodes = list(node.nodes)
    return ValueType(
        "array", (expressions.one_type(nodes, expressions.types_of(nodes, scope), "the elements of an ARRAY"),)
    )


def _row(expressions: Expressions, node: Node, scope: NameScope) -> ValueType:
    return ValueType("row", tuple(expressions.types_of(list(node.nodes), scope)))


def _lambda(expressions: Expressions, node: Node, scope: NameScope) -> None:
    text = (
        "-> makes a function, and stands only where one is an argument; out of JSON takes json_extract_scalar(x, '$.a')"
    )
    expressions.remarks.error(node, "function", text)
    expressions.judge_lambda(node, scope)


def _extract(expressions: Expressions, node: Node, scope: NameScope) -> ValueType:
    unit, value = node.nodes
    found = expressions.type_of(value, scope)
    literals_of_types.check_extract(expressions.remarks, unit, value, found)
    return named("bigint")


def _text(expressions: Expressions, node: Node, scope: NameScope) -> ValueType:
    for part, found in zip(node.nodes, expressions.types_of(list(node.nodes), scope), strict=True):
        if found and found.family not in ("text", "number", "binary", "anything"):
            called, quoted = expressions.remarks.tree.words(node)[0].lower(), expressions.remarks.quoted(part)
            text = f"{called} works on texts, and {quoted} is {found.name}"
            expressions.remarks.error(part, "type", text, sure=found.sure)
    return _TEXT if node.kind != "Position" else named("bigint")


def _call(expressions: Expressions, node: Node, scope: NameScope) -> ValueType | None:
    return calls.judged(expressions, node, scope)


def _is_known(found: ValueType | None) -> bool:
    return found is not None and found.family != "anything"


_RULES: dict[str, _Rule] = {
    "ColumnReference": column_names.column,
    "Dereference": column_names.dereference,
    "Subscript": _subscript,
    "NumericLiteral": lambda self, node, scope: self.type_of(next(node.nodes), scope),
    "IntervalLiteral": _interval,
    "TypeConstructor": _constructor,
    "Predicated": operators.predicated,
    "And": operators.logical,
    "Or": operators.logical,
    "LogicalNot": operators.logical,
    "ArithmeticUnary": operators.unary,
    "ArithmeticBinary": operators.arithmetic,
    "Concatenation": operators.concatenation,
    "AtTimeZone": operators.at_time_zone,
    "SimpleCase": operators.case,
    "SearchedCase": operators.case,
    "Cast": _cast,
    "SpecialDateTimeFunction": _now,
    "Exists": _exists,
    "SubqueryExpression": _scalar_subquery,
    "ArrayConstructor": _array,
    "RowConstructor": _row,
    "Lambda": _lambda,
    "Extract": _extract,
    "Trim": _text,
    "Substring": _text,
    "Position": _text,
    "FunctionCall": _call,
    "Listagg": _call,
    "WindowFrame": row_patterns.judge_frame,
}
