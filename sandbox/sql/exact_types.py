"""Finds which expressions are exact numbers in Trino, and with how many places, through subqueries and WITH steps.

Part of `rewrites.py`: `mark_columns` notes it at each column before anything is rewritten, while the names of tables
still say where a column comes from; `exact` reads it from an expression at any time later, of copies too. What is a
double, or is not known, has none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from forebay.sandbox.sql.type_rules import Types, choices

_MARK = "exact"


@dataclass(frozen=True, slots=True)
class Exact:
    """An exact number."""

    places: int
    is_decimal: bool
    """Whole numbers are none."""


_WHOLE = Exact(0, is_decimal=False)
#: What a SELECT gives, by the names of its columns.
_Given = Mapping[str, Exact | None]

#: What is as exact as what it is made of, as sqlglot calls it.
_SAME = frozenset(
    {
        "paren", "neg", "sum", "min", "max", "abs", "filter", "window", "alias", "anyvalue", "lag", "lead",
        "firstvalue", "lastvalue", "nthvalue", "ignorenulls", "respectnulls", "nullif",
    }
)  # fmt: skip
_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct, exp.DateDiff, exp.Length, exp.RowNumber, exp.Extract)
_LEVELLED = (exp.Ceil, exp.Floor, exp.Trunc)
_CHOICES = (exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least)


def mark_columns(query: exp.Query, types: Types) -> None:
    """Notes at each column of a query how exact it is. Raises what sqlglot raises of names that nobody can tell."""
    given: dict[int, _Given] = {}
    for scope in traverse_scope(query):
        for column in scope.find_all(exp.Column):
            column.meta[_MARK] = _of_column(column, scope, types, given)
        given[id(scope)] = _made(scope, types, given)


def exact(node: exp.Expr | None) -> Exact | None:
    """Finds how exact an expression is; None for doubles, and for what is not known."""
    if node is None:
        return None
    if isinstance(node, exp.Column):
        marked = node.meta.get(_MARK)
        return marked if isinstance(marked, Exact) else None
    if isinstance(node, exp.Literal):
        return _of_literal(node)
    if isinstance(node, exp.Cast):
        return _of_type(node)
    if isinstance(node, _COUNTS):
        return _WHOLE
    if isinstance(node, exp.Subquery):
        return exact(node.selects[0]) if len(node.selects) == 1 else None
    if isinstance(node, exp.Distinct):
        return exact(node.expressions[0])
    if isinstance(node, _CHOICES):
        return _widest(exact(each) for each in choices(node) if not isinstance(each, exp.Null))
    return _computed(node)


def _computed(node: exp.Expr) -> Exact | None:
    own = exact(node.this) if isinstance(node.this, exp.Expr) else None
    if own is None or node.key in _SAME:
        return own
    if isinstance(node, exp.Avg):
        return own if own.is_decimal else None
    if isinstance(node, exp.Round) or (isinstance(node, exp.Trunc) and node.args.get("decimals")):
        return own if node.args.get("decimals") else Exact(0, own.is_decimal)
    if isinstance(node, _LEVELLED):
        return Exact(0, own.is_decimal)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
        other = exact(node.args.get("expression"))
        widest = _widest((own, other))
        return widest if widest is None or not isinstance(node, exp.Mul) else _product(own, other)
    return None


def _product(one: Exact, other: Exact | None) -> Exact | None:
    return Exact(one.places + other.places, one.is_decimal or other.is_decimal) if other else None


def _widest(kinds: Iterable[Exact | None]) -> Exact | None:
    listed = list(kinds)
    known = [kind for kind in listed if kind]
    if not known or len(known) < len(listed):
        return None
    return Exact(max(kind.places for kind in known), any(kind.is_decimal for kind in known))


def _of_literal(node: exp.Literal) -> Exact | None:
    if node.is_string or "e" in node.name.lower():
        return None
    _, point, places = node.name.partition(".")
    return Exact(len(places), bool(point))


def _of_type(node: exp.Cast) -> Exact | None:
    kind = node.to
    if kind.this in exp.DataType.INTEGER_TYPES:
        return _WHOLE
    if kind.this != exp.DataType.Type.DECIMAL:
        return None
    return Exact(int(kind.expressions[1].name) if len(kind.expressions) > 1 else 0, is_decimal=True)


def _of_column_type(kind: str) -> Exact | None:
    return _of_type(exp.cast(exp.null(), kind, dialect="duckdb"))


def _of_column(column: exp.Column, scope: Scope | None, types: Types, given: Mapping[int, _Given]) -> Exact | None:
    """Looks where it stands, and around that."""
    while scope is not None:
        of_sources = [_given(source, types, given) for source in _sources(scope, column)]
        found = {kinds[column.name.lower()] for kinds in of_sources if column.name.lower() in kinds}
        if found:
            return found.pop() if len(found) == 1 else None
        scope = scope.parent
    return None


def _sources(scope: Scope, column: exp.Column) -> list[exp.Table | Scope]:
    sources = {name.lower(): source for name, (_, source) in scope.selected_sources.items()}
    if column.table:
        return [sources[column.table.lower()]] if column.table.lower() in sources else []
    return list(sources.values())


def _given(source: exp.Table | Scope, types: Types, given: Mapping[int, _Given]) -> _Given:
    """Says what a table, a subquery or a step of a WITH gives, under the names by which it is called."""
    if isinstance(source, exp.Table):
        columns = types.get(source.name.lower(), {})
        return {} if source.alias_column_names else {name: _of_column_type(kind) for name, kind in columns.items()}
    made = given.get(id(source), {})
    around = source.expression if isinstance(source.expression, exp.Values) else source.expression.parent
    names = around.alias_column_names if isinstance(around, exp.CTE | exp.Subquery | exp.Values) else []
    return dict(zip((name.lower() for name in names), made.values(), strict=False)) if names else made


def _made(scope: Scope, types: Types, given: Mapping[int, _Given]) -> _Given:
    """Says what a SELECT makes, in its order; nothing where it takes all columns of something that nobody knows."""
    made = scope.expression
    if isinstance(made, exp.SetOperation) and scope.set_operation_scopes:
        left, right = (given.get(id(part), {}) for part in scope.set_operation_scopes)
        return {name: _widest(pair) for name, *pair in zip(left, left.values(), right.values(), strict=False)}
    if isinstance(made, exp.Values):
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in made.expressions]
        columns = zip(*rows, strict=False)
        return {f"_col{at}": _widest(exact(each) for each in one if not isinstance(each, exp.Null))
                for at, one in enumerate(columns)}  # fmt: skip
    if not isinstance(made, exp.Select):
        return {}
    columns_made: dict[str, Exact | None] = {}
    for at, item in enumerate(made.selects):
        if item.is_star:
            for source in _sources(scope, item) if isinstance(item, exp.Column) else _all(scope):
                columns_made |= _given(source, types, given)
        else:
            columns_made[item.alias_or_name.lower() or f"_col{at}"] = exact(item)
    return columns_made


def _all(scope: Scope) -> list[exp.Table | Scope]:
    return [source for _, source in scope.selected_sources.values()]
