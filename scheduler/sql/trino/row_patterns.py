"""Judges row patterns: MATCH_RECOGNIZE in FROM, and the same in the frame of a window. Part of `from_clause.py`.

A variable of the pattern stands before a column as an alias does, and means the rows that it matched. Only between
MEASURES and the end are there `prev`, `next`, `first`, `last`, `classifier` and `match_number`.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from forebay.config.near_miss import near_miss
from forebay.scheduler.sql.trino.as_written import column_name, is_column
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS, TreeRemarks
from forebay.scheduler.sql.trino.scopes import Columns, NameScope, OutputColumn, Relation
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import ValueType, named

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.expressions import Expressions

#: Functions of patterns → how many values each takes at least and at most.
FUNCTIONS = {
    "prev": (1, 2), "next": (1, 2), "first": (1, 2), "last": (1, 2), "classifier": (0, 1), "match_number": (0, 0),
}  # fmt: skip
_OWN_TYPE = {"classifier": named("varchar"), "match_number": named("bigint")}
_BETWEEN = frozenset({"MeasureDefinition", "VariableDefinition", "SubsetDefinition", "RowsPerMatch", "SkipTo"})


def matched(expressions: "Expressions", node: Node, source: Relation, scope: NameScope) -> Columns:
    """Judges MATCH_RECOGNIZE over `source`, and finds the columns that it gives."""
    rows = replace(scope, relations=[source])
    keys = list(_until_measures(node))[1:]
    expressions.types_of(keys, rows)
    measures = _judge_pattern(expressions, node, rows)
    every = any("ALL" in expressions.remarks.tree.words(part) for part in node.of("RowsPerMatch"))
    given = [next(part.nodes) if part.kind == "SortItem" else part for part in keys if every or part.kind != "SortItem"]
    if not all(is_column(part) for part in given) or (every and source.columns is None):
        return None
    names = list(dict.fromkeys(column_name(expressions.remarks, part) for part in given))
    types = [next((each.type for each in source.named(name)), None) for name in names]
    rest = [each for each in source.columns or () if every and each.name not in names]
    return [*(OutputColumn(name, found) for name, found in zip(names, types, strict=True)), *measures, *rest]


def judge_frame(expressions: "Expressions", node: Node, scope: NameScope) -> None:
    """Judges the frame of a window, which may hold a pattern."""
    expressions.types_of(node.of("FrameExtent"), scope)
    _judge_pattern(expressions, node, scope)


def judge_call(
    expressions: "Expressions", node: Node, name: str, arguments: list[Node], scope: NameScope
) -> ValueType | None:
    """Judges a call of a function that only patterns have, and finds its type."""
    least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        usage = f"{name}({', '.join(['x', 'n'][:most])})"
        expressions.remarks.error(node, "function", f"{name}() does not take {len(arguments)} values: write {usage}")
    if name in _OWN_TYPE:
        return _OWN_TYPE[name]  # what classifier() takes is a variable, and no column
    return next(iter(expressions.types_of(arguments, scope)), None)


def _until_measures(node: Node) -> Iterator[Node]:
    """Yields the relation, and what PARTITION BY and ORDER BY say."""
    for part in node.nodes:
        if part.kind in _BETWEEN or part.kind in IDENTIFIERS or part.kind == "ColumnAliases" or _is_pattern(part):
            return
        yield part


def _is_pattern(part: Node) -> bool:
    return any(each.kind in ("PatternVariable", "EmptyPattern") for each in part.walk())


def _judge_pattern(expressions: "Expressions", node: Node, scope: NameScope) -> list[OutputColumn]:
    """Judges what stands behind MEASURES, and finds the columns that it names."""
    remarks = expressions.remarks
    primary = {remarks.name(each) for part in node.nodes for each in part.walk() if each.kind == "PatternVariable"}
    unions = set[str]()
    for subset in node.of("SubsetDefinition"):
        union, *members = subset.of(*IDENTIFIERS)
        unions.add(remarks.name(union))
        for member in members:
            _check_variable(remarks, member, primary)
    rows = [column for relation in scope.relations for column in relation.columns or ()] if scope.is_known else None
    variables = [Relation(name, rows) for name in sorted(primary | unions)]
    within = replace(scope, relations=[*scope.relations, *variables], natural=True, is_pattern=True)
    for skip in node.of("SkipTo"):
        for name in skip.of(*IDENTIFIERS):
            _check_variable(remarks, name, primary | unions)
    for definition in node.of("VariableDefinition"):
        variable, condition = definition.nodes
        _check_variable(remarks, variable, primary)
        expressions.condition(condition, within, "DEFINE")
    measures = [list(measure.nodes) for measure in node.of("MeasureDefinition")]
    return [OutputColumn(remarks.name(name), expressions.type_of(value, within)) for value, name in measures]


def _check_variable(remarks: TreeRemarks, node: Node, known: Collection[str]) -> None:
    name = remarks.name(node)
    if name not in known:
        remarks.error(node, "scope", f"PATTERN has no variable '{name}'{near_miss(name, known)}")
