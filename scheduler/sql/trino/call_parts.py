"""Judges what stands in a call beside its arguments: DISTINCT, ORDER BY, FILTER, OVER. Part of `calls.py`."""

from typing import TYPE_CHECKING

from forebay.scheduler.sql.trino.as_written import plain
from forebay.scheduler.sql.trino.known_functions import FunctionKind, KnownFunction
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS
from forebay.scheduler.sql.trino.scopes import NameScope
from forebay.scheduler.sql.trino.syntax import Node

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.expressions import Expressions


def judge_beside(expressions: "Expressions", node: Node, scope: NameScope) -> None:
    """Judges the expressions beside the arguments of a call, and the name of its window."""
    for part in node.of("SortItem", "Over"):
        expressions.type_of(part, scope)
    for part in node.of("Filter"):
        expressions.condition(next(part.nodes), scope, "FILTER")
    for part in node.of("Over"):
        _check_window(expressions, part, scope)


def _check_window(expressions: "Expressions", node: Node, scope: NameScope) -> None:
    """Remarks on the name of a window that no WINDOW clause defines."""
    named = node.of(*IDENTIFIERS) or [name for each in node.of("WindowSpecification") for name in each.of(*IDENTIFIERS)]
    for name in named:
        if expressions.remarks.name(name) not in scope.windows:
            text = f"no WINDOW clause of this SELECT defines '{expressions.remarks.name(name)}'"
            expressions.remarks.error(name, "scope", text)


def check_allowed(expressions: "Expressions", node: Node, function: KnownFunction, arguments: list[Node]) -> None:
    """Remarks on what does not go with a function of this kind."""
    remarks, is_aggregate = expressions.remarks, function.kind is FunctionKind.AGGREGATE
    is_over_rows, is_distinct = is_aggregate or function.kind is FunctionKind.WINDOW, _is_distinct(expressions, node)
    if function.kind is FunctionKind.WINDOW and not node.of("Over"):
        text = f"{function.name}() needs OVER (ORDER BY …): it looks at a row among others"
        remarks.error(node, "function", text)
    if not is_over_rows and node.of("Over"):
        remarks.error(node, "function", f"{function.name}() takes no OVER: it looks at one row")
    beside = {"DISTINCT": is_distinct, "ORDER BY": bool(node.of("SortItem")), "FILTER": bool(node.of("Filter"))}
    for what in (word for word, stands in beside.items() if stands and not is_aggregate):
        remarks.error(node, "function", f"{what} goes with aggregates, and {function.name}() is none")
    if is_distinct and is_aggregate:
        _check_distinct(expressions, node, function, arguments)


def _is_distinct(expressions: "Expressions", node: Node) -> bool:
    return any(expressions.remarks.tree.words(each) == ["DISTINCT"] for each in node.of("SetQuantifier"))


def _check_distinct(expressions: "Expressions", node: Node, function: KnownFunction, arguments: list[Node]) -> None:
    remarks = expressions.remarks
    if node.of("Over"):
        text = f"not each release of Trino knows {function.name}(DISTINCT …) OVER (…)"
        remarks.warning(node, "version", text)
    given = {plain(remarks, argument) for argument in arguments}
    for item in node.of("SortItem"):
        if plain(remarks, next(item.nodes)) not in given:
            quoted = remarks.quoted(next(item.nodes))
            text = f"{function.name}(DISTINCT …) is ordered by what it takes, and {quoted} is none of that"
            remarks.error(item, "group", text)
