"""Finds the tables and columns that a query names and the schema does not have. Part of `scheduler/sql/lint.py`.

It would rather miss one than complain of a name that is there: where a source's columns cannot be known (UNNEST, a
table function, a table outside of the schema), names are let pass that may be its own.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from forebay.config.document.strict import near_miss

#: Table → its columns. Here and in the SQL that comes here all names are in lower case.
Tables = Mapping[str, Collection[str]]

#: What Sigma resolves as if it were a column everywhere.
_EVERYWHERE = frozenset({"data_load_time"})


def unknown_names(scopes: list[Scope], tables: Tables, hidden: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Yields line, `table` or `column`, and the sentence. `hidden` columns are on each table, beyond the schema."""
    known = {table: frozenset(columns) | frozenset(hidden) for table, columns in tables.items()}
    seen: set[int] = set()
    for scope in scopes:
        if isinstance(scope.expression, exp.SetOperation):
            continue  # its parts have scopes of their own, and its ORDER BY means what they are called there
        yield from _tables(scope, known, seen)
        for column in scope.columns:
            # A column of an inner query that refers to an outer one is listed with both.
            if id(column) not in seen and not isinstance(column.this, exp.Star):
                seen.add(id(column))
                yield from _column(scope, column, known)


def line_of(*nodes: exp.Expr) -> int:
    """Finds the first line that a node, or what it is made of, is known to stand on."""
    return next((int(part.meta["line"]) for node in nodes for part in node.walk() if "line" in part.meta), 1)


def _tables(scope: Scope, known: Tables, seen: set[int]) -> Iterator[tuple[int, str, str]]:
    for _, source in scope.selected_sources.values():
        if isinstance(source, exp.Table) and _is_ours(source) and source.name not in known and id(source) not in seen:
            seen.add(id(source))
            name = source.name
            yield line_of(source.this), "table", f"there is no table '{name}'{near_miss(name, known)}"


def _column(scope: Scope, column: exp.Column, known: Tables) -> Iterator[tuple[int, str, str]]:
    name, table = column.name, column.table
    if column.args.get("db") or (not table and name in _EVERYWHERE):
        return
    offered: set[str] = set()
    for reach in _outwards(scope):
        sources = {alias: source for alias, (_, source) in reach.selected_sources.items()}
        # `a.b` is column b of a, or else field b of a column a.
        columns = [_columns(source, known) for alias, source in sources.items() if table in ("", alias)]
        if any(listed is None or name in listed for listed in columns):
            return
        offered.update(chain.from_iterable(listed for listed in columns if listed is not None))
        if table and columns:
            break
        if table and any((listed := _columns(s, known)) is None or table in listed for s in sources.values()):
            return
    text = f"there is no table or alias '{table}' here"
    if offered or not table:
        of = f" in {table}" if table else ""
        text = f"there is no column '{name}'{of}{near_miss(name, offered)}"
    yield line_of(column), "column", text


def _outwards(scope: Scope) -> Iterator[Scope]:
    here: Scope | None = scope
    while here is not None:
        yield here
        here = here.parent


def _is_ours(table: exp.Table) -> bool:
    """Says whether it is a plain name, and neither of another schema (`information_schema.tables`) nor a function."""
    return isinstance(table.this, exp.Identifier) and not table.args.get("db")


def _columns(source: object, known: Tables, within: frozenset[int] = frozenset()) -> Collection[str] | None:
    """Lists what a source offers; None where that cannot be known."""
    if isinstance(source, exp.Table):
        if source.args.get("pivots") or not _is_ours(source):
            return None
        return _renamed(source) or known.get(source.name)
    if not isinstance(source, Scope) or id(source) in within:  # a recursive query is its own source
        return None
    expression = source.expression
    parent = expression.parent
    renamed = _renamed(expression) or (_renamed(parent) if isinstance(parent, exp.CTE | exp.Subquery) else None)
    if renamed:
        return renamed
    if not isinstance(expression, exp.Query):
        return None
    if source.set_operation_scopes:
        return _columns(source.set_operation_scopes[0], known, within | {id(source)})
    names = {name for name in expression.named_selects if name not in ("", "*")}
    if any(projection.is_star for projection in expression.selects):
        for _, inner in source.selected_sources.values():
            drawn = _columns(inner, known, within | {id(source)})
            if drawn is None:
                return None
            names.update(drawn)
    return names


def _renamed(node: exp.Expr) -> Collection[str] | None:
    """Lists the columns that an alias lists: `AS t (a, b)`."""
    return node.alias_column_names or None
