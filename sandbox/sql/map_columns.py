"""Finds which columns are maps, through subqueries and WITH steps: DuckDB unnests and counts them by other functions.

Part of `rewrites.py`: `mark_maps` notes it at each column before anything is rewritten, and `is_map` reads it at any
time later, of copies too.
"""

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

_MARK = "map"
_MAPS = (exp.Map, exp.VarMap, exp.MapFromEntries)
_CALLS = frozenset({"map_agg", "histogram", "map_filter", "map_concat", "map_from_entries", "map", "transform_values"})
_HANDED_ON = (exp.Alias, exp.Paren, exp.AnyValue, exp.Filter)


def is_map(node: exp.Expr) -> bool:
    """Tells whether this is plainly a map."""
    if isinstance(node, exp.Column):
        return bool(node.meta.get(_MARK))
    if isinstance(node, exp.Cast):
        return bool(node.to.this == exp.DataType.Type.MAP)
    if isinstance(node, _HANDED_ON):
        return is_map(node.this)
    return isinstance(node, _MAPS) or (isinstance(node, exp.Anonymous) and node.name.lower() in _CALLS)


def mark_maps(query: exp.Query) -> None:
    """Notes at each column of a query whether it is a map."""
    given: dict[int, set[str]] = {}
    for scope in traverse_scope(query):
        if not isinstance(scope.expression, exp.Select):
            continue
        for column in scope.expression.find_all(exp.Column):
            if column.find_ancestor(exp.Select) is scope.expression and _comes_as_map(column, scope, given):
                column.meta[_MARK] = True
        given[id(scope)] = {item.alias_or_name.lower() for item in scope.expression.selects if is_map(item)}


def _comes_as_map(column: exp.Column, scope: Scope, given: dict[int, set[str]]) -> bool:
    sources = (
        source
        for name, (_, source) in scope.selected_sources.items()
        if isinstance(source, Scope) and column.table.lower() in ("", name.lower())
    )
    return any(column.name.lower() in given.get(id(source), ()) for source in sources)
