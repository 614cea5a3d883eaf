"""Refuses what Trino's analysis refuses and DuckDB forgives: aliases in the wrong clause, types that never meet.

The sandbox's own reading, over sqlglot's tree with the types of the generated tables. What is not known is let pass.
Called by `trino.py` before a query is rewritten for DuckDB.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify_columns import qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope

from forebay.sandbox.sql.refused import SqlRefusedError

#: Table → its columns with their types, as DuckDB calls them.
Types = Mapping[str, Mapping[str, str]]

_T = exp.DataType.Type
_FAMILIES = {
    "boolean": {_T.BOOLEAN},
    "varchar": {_T.VARCHAR, _T.CHAR, _T.TEXT, _T.NCHAR, _T.NVARCHAR},
    "bigint": exp.DataType.INTEGER_TYPES | {_T.DOUBLE, _T.FLOAT, _T.DECIMAL},
    "timestamp": {_T.DATE, _T.TIMESTAMP, _T.TIMESTAMPTZ, _T.DATETIME, _T.TIMESTAMPLTZ, _T.TIMESTAMPNTZ},
}
_FAMILY = {kind: family for family, kinds in _FAMILIES.items() for kind in kinds}
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.Add: "+", exp.Sub: "-",
    exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}  # fmt: skip
_COMPUTED = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def check_meaning(query: exp.Query, types: Types) -> None:
    """Raises `SqlRefusedError` for what Trino would refuse once it knows names and types."""
    scopes = traverse_scope(query)
    for scope in scopes:
        if isinstance(scope.expression, exp.Select):
            _check_aliases(scope, types)
            _check_distinct(scope.expression)
    for node in _typed(query, types).walk():
        _check_types(node)


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
                raise SqlRefusedError(f"{_where(column)}Column '{name}' cannot be resolved")


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
            columns |= {"account", *types[source.name.lower()]}
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
            raise SqlRefusedError(f"{_where(ordered)}{message}")


def _plain(node: exp.Expr) -> str:
    if isinstance(node, exp.Column):
        return node.name.lower()
    return node.sql(dialect="trino", comments=False).lower()


def _typed(query: exp.Query, types: Types) -> exp.Expr:
    """Finds the types of a copy of the query; the query as it is, where sqlglot cannot tell."""
    schema: dict[str, object] = {table: dict(columns) for table, columns in types.items()}
    try:
        copied = qualify_tables(query.copy(), dialect="trino")
        qualified = qualify_columns(copied, schema, expand_alias_refs=False, expand_stars=False, dialect="trino")
        return annotate_types(qualified, schema=schema, dialect="trino")
    except (SqlglotError, KeyError, AttributeError, TypeError, ValueError):
        return query


def _family(node: exp.Expr | None) -> str | None:
    return _FAMILY.get(node.type.this) if node is not None and node.type is not None else None


def _check_types(node: exp.Expr) -> None:
    for kind, check in _CHECKS.items():
        if isinstance(node, kind):
            check(node)


def _compared(node: exp.Expr) -> None:
    _meet(node.this, _SIGNS.get(type(node), "="), node.args["expression"])


def _between(node: exp.Expr) -> None:
    for bound in ("low", "high"):
        _meet(node.this, "BETWEEN", node.args[bound])


def _within(node: exp.Expr) -> None:
    for value in node.expressions:
        _meet(node.this, "IN", value)


def _like(node: exp.Expr) -> None:
    if _family(node.this) not in (None, "varchar"):
        raise SqlRefusedError(f"{_where(node.this)}Left side of LIKE expression must evaluate to a varchar")


def _condition(node: exp.Expr) -> None:
    if _family(node.this) not in (None, "boolean"):
        raise SqlRefusedError(f"{_where(node.this)}{node.key.upper()} clause must evaluate to a boolean")


def _meet(one: exp.Expr, sign: str, other: exp.Expr) -> None:
    mine, theirs = _family(one), _family(other)
    if mine and theirs and mine != theirs and not isinstance(other, exp.SubqueryPredicate):
        raise SqlRefusedError(f"{_where(one)}Cannot apply operator: {_named(one)} {sign} {_named(other)}")


def _compute(node: exp.Expr) -> None:
    mine, theirs = _family(node.this), _family(node.args["expression"])
    numbers, texts = {mine, theirs} == {"bigint"}, "varchar" in (mine, theirs)
    moments = "timestamp" in (mine, theirs) and "bigint" in (mine, theirs)
    if mine and theirs and not numbers and (texts or moments):
        sign = _SIGNS[type(node)]
        named = f"{_named(node.this)} {sign} {_named(node.args['expression'])}"
        raise SqlRefusedError(f"{_where(node)}Cannot apply operator: {named}")


def _join(node: exp.Expr) -> None:
    parts = node.this, node.args["expression"]
    for part in parts:
        if _family(part) not in (None, "varchar"):
            named = f"({', '.join(map(_named, parts))})"
            raise SqlRefusedError(f"{_where(part)}Unexpected parameters {named} for function concat")


def _check_union(node: exp.Expr) -> None:
    left, right = _selects(node.this), _selects(node.args["expression"])
    if len(left) != len(right) and not any(item.is_star for item in (*left, *right)):
        raise SqlRefusedError(
            f"line 1:1: {node.key.upper()} query has different number of fields: {len(left)}, {len(right)}"
        )
    for number, (one, other) in enumerate(zip(left, right, strict=False), start=1):
        mine, theirs = _family(one), _family(other)
        if mine and theirs and mine != theirs:
            types = f"{_named(one)}, {_named(other)}"
            raise SqlRefusedError(
                f"line 1:1: column {number} in {node.key.upper()} query has incompatible types: {types}"
            )


def _selects(node: exp.Expr) -> Sequence[exp.Expr]:
    return node.selects if isinstance(node, exp.Query) else ()


def _named(node: exp.Expr) -> str:
    return node.type.sql(dialect="trino").lower() if node.type is not None else "unknown"


def _where(node: exp.Expr) -> str:
    """Says where a node's first column stands, as Trino opens its messages."""
    for column in node.find_all(exp.Column):
        line, end = column.this.meta.get("line"), column.this.meta.get("col")
        if line and end:
            return f"line {line}:{end - len(column.name) + 1}: "
    return "line 1:1: "


def _alike(node: exp.Expr) -> None:
    """Refuses a CASE, an IF or a COALESCE whose values are of types that never meet."""
    if isinstance(node, exp.Case):
        values = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
    else:
        values = (
            [node.this, *node.expressions]
            if isinstance(node, exp.Coalesce)
            else [node.args["true"], node.args.get("false")]
        )
    known = [value for value in values if _family(value)]
    for value in known[1:]:
        if _family(value) != _family(known[0]):
            what = f"All {node.key.upper()} results must be the same type or coercible to a common type"
            raise SqlRefusedError(f"{_where(value)}{what}: {_named(known[0])}, {_named(value)}")


def _moment(node: exp.Expr) -> None:
    """Refuses a text where a function of times wants a time."""
    for value in (node.this, node.args.get("expression")):
        if isinstance(value, exp.Expr) and not isinstance(value, exp.Interval) and _family(value) == "varchar":
            called = "date_diff" if isinstance(node, exp.DateDiff) else node.key
            message = f"Unexpected parameters for function {called}: {_named(value)}"
            raise SqlRefusedError(_where(value) + message)


_CHECKS: dict[type[exp.Expr] | tuple[type[exp.Expr], ...], Callable[[exp.Expr], None]] = {
    _COMPARED: _compared,
    exp.Between: _between,
    exp.In: _within,
    exp.SetOperation: _check_union,
    exp.Like: _like,
    (exp.Where, exp.Having): _condition,
    _COMPUTED: _compute,
    exp.DPipe: _join,
    (exp.Case, exp.If, exp.Coalesce): _alike,
    (exp.DateDiff, exp.Year, exp.Month, exp.Day, exp.Quarter): _moment,
}
