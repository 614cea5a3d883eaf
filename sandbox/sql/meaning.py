"""Refuses what Trino's analysis refuses and DuckDB forgives: aliases in the wrong clause, types that never meet.

The sandbox's own reading, over sqlglot's tree with the types of the generated tables. What is not known is let pass.
Called by `trino.py` before a query is rewritten for DuckDB.
"""

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.scope import Scope, traverse_scope

from forebay.sandbox.setting_choices import OrganizationColumn
from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.type_rules import Types, check_types, where


def check_meaning(query: exp.Query, types: Types) -> None:
    """Raises `SqlRefusedError` for what Trino would refuse once it knows names and types."""
    _check_withs(query)
    try:
        _check_scopes(query, types)
    except OptimizeError as exc:
        twice = str(exc).partition("Alias already used: ")[2]
        raise SqlRefusedError(f"line 1:1: Ambiguous reference to table '{twice}'" if twice else str(exc)) from exc
    check_types(query, types)


def _check_scopes(query: exp.Query, types: Types) -> None:
    for scope in traverse_scope(query):
        if isinstance(scope.expression, exp.Select):
            _check_aliases(scope, types)
            _check_distinct(scope.expression)
            _check_names(scope)


def _check_aliases(scope: Scope, types: Types) -> None:
    """Refuses what the SELECT calls a column, where only columns can be named."""
    select = scope.expression
    if not isinstance(select, exp.Select):
        return
    aliases = {item.alias.lower() for item in select.selects if isinstance(item, exp.Alias)}
    if not aliases:
        return
    columns = _columns_of(scope, types)
    clauses = [*(select.args.get(clause) for clause in ("where", "group", "having")), *select.selects]
    for clause in clauses:
        for column in _own_columns(clause):
            name = column.name.lower()
            if not column.table and name in aliases and columns is not None and name not in columns:
                raise SqlRefusedError(f"{where(column)}Column '{name}' cannot be resolved")


def _own_columns(clause: exp.Expr | None) -> Iterator[exp.Column]:
    """Yields the columns of a clause, but those of subqueries in it."""
    if clause is not None:
        for node in clause.walk(prune=lambda each: isinstance(each, exp.Query)):
            if isinstance(node, exp.Column):
                yield node


def _columns_of(scope: Scope, types: Types) -> set[str] | None:
    """Lists what a SELECT draws from; None where that is not known."""
    columns: set[str] = set()
    for source in (each for _, each in scope.selected_sources.values()):
        if isinstance(source, exp.Table) and source.name.lower() in types and not source.alias_column_names:
            columns |= {*OrganizationColumn, *types[source.name.lower()]}
        elif isinstance(source, Scope) and isinstance(source.expression, exp.Query):
            around = source.expression.parent
            renamed = around.alias_column_names if isinstance(around, exp.CTE | exp.Subquery) else []
            names = {name.lower() for name in renamed or source.expression.named_selects}
            if names & {"", "*"}:
                return None
            columns |= names
        else:
            return None
    return columns if scope.outer_columns is not None else None


def _check_distinct(select: exp.Select) -> None:
    order = select.args.get("order")
    if not select.args.get("distinct") or order is None or any(item.is_star for item in select.selects):
        return
    given = {item.alias_or_name.lower() for item in select.selects} | {
        _plain(item.unalias()) for item in select.selects
    }
    for ordered in order.expressions:
        if not isinstance(ordered.this, exp.Literal) and _plain(ordered.this) not in given:
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise SqlRefusedError(f"{where(ordered)}{message}")


def _plain(node: exp.Expr) -> str:
    """Writes an expression without whose its columns are."""
    copied = node.copy()
    for column in copied.find_all(exp.Column):
        column.set("table", None)
    return copied.sql(dialect="trino", comments=False).lower()


def _check_withs(query: exp.Query) -> None:
    for clause in query.find_all(exp.With):
        names = [step.alias.lower() for step in clause.expressions]
        for name in (each for place, each in enumerate(names) if each in names[:place]):
            raise SqlRefusedError(f"line 1:1: WITH query name '{name}' specified more than once")


def _check_names(scope: Scope) -> None:
    """Refuses an alias that names more columns than there are, or fewer; DuckDB makes up the others."""
    for name, (_, source) in scope.selected_sources.items():
        made = source.expression if isinstance(source, Scope) else None
        around = made.parent if isinstance(made, exp.Query) else made
        if not isinstance(around, exp.CTE | exp.Subquery | exp.Values | exp.Unnest):
            continue
        names, columns = around.alias_column_names, _columns_made(made)
        if names and columns is not None and len(names) != columns:
            problem = f"Column alias list has {len(names)} entries but '{name}' has {columns} columns available"
            raise SqlRefusedError(f"line 1:1: {problem}")


def _columns_made(made: exp.Expr | None) -> int | None:
    if isinstance(made, exp.Query) and not any(item.is_star for item in made.selects):
        return len(made.selects)
    if isinstance(made, exp.Values) and isinstance(made.expressions[0], exp.Tuple):
        return len(made.expressions[0].expressions)
    return None
