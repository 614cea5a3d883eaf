"""Refuses values of types that never meet, over sqlglot's tree with the types of the generated tables.

Part of `meaning.py`. What is not known is let pass.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify_columns import qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables

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


def check_types(query: exp.Query, types: Types) -> None:
    """Raises `SqlRefusedError` for what Trino would refuse once it knows the types."""
    for node in _typed(query, types).walk():
        _check_types(node)


def _typed(query: exp.Query, types: Types) -> exp.Expr:
    """Finds the types of a copy of the query; the query as it is, where sqlglot cannot tell."""
    schema: dict[str, object] = {table: dict(columns) for table, columns in types.items()}
    copied = query.copy()
    for select in copied.find_all(exp.Select):
        if select.is_star:
            select.set("order", None)  # sqlglot knows no place of a column behind a star
    try:
        copied = qualify_tables(copied, dialect="trino")
        qualified = qualify_columns(copied, schema, expand_alias_refs=False, expand_stars=False, dialect="trino")
        return annotate_types(qualified, schema=schema, dialect="trino")
    except (SqlglotError, KeyError, AttributeError, TypeError, ValueError):
        return query


def _family(node: exp.Expr | None) -> str | None:
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        return "timestamp"
    if node is None or node.type is None:
        return None
    family = _FAMILY.get(node.type.this)
    return None if family in ("timestamp", "bigint") and _has_span(node) else family


def _has_span(node: exp.Expr) -> bool:
    """Tells whether there is an interval in it: sqlglot takes what is counted with one for a moment or a number."""
    return any(
        isinstance(part, exp.Interval)
        or (isinstance(part, exp.Sub) and _is_moment(part.this) and _is_moment(part.right))
        for part in node.walk()
    )


def _is_moment(node: exp.Expr | None) -> bool:
    return node is not None and node.type is not None and _FAMILY.get(node.type.this) == "timestamp"


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
        raise SqlRefusedError(f"{where(node.this)}Left side of LIKE expression must evaluate to a varchar")


def _condition(node: exp.Expr) -> None:
    if _family(node.this) not in (None, "boolean"):
        raise SqlRefusedError(f"{where(node.this)}{node.key.upper()} clause must evaluate to a boolean")


def _meet(one: exp.Expr, sign: str, other: exp.Expr) -> None:
    mine, theirs = _family(one), _family(other)
    if mine and theirs and mine != theirs and not isinstance(other, exp.SubqueryPredicate):
        raise SqlRefusedError(f"{where(one)}Cannot apply operator: {_named(one)} {sign} {_named(other)}")


def _compute(node: exp.Expr) -> None:
    mine, theirs = _family(node.this), _family(node.args["expression"])
    numbers, texts = {mine, theirs} == {"bigint"}, "varchar" in (mine, theirs)
    moments = "timestamp" in (mine, theirs) and "bigint" in (mine, theirs)
    if mine and theirs and not numbers and (texts or moments):
        sign = _SIGNS[type(node)]
        named = f"{_named(node.this)} {sign} {_named(node.args['expression'])}"
        raise SqlRefusedError(f"{where(node)}Cannot apply operator: {named}")


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


_NEVER_CAST = {("timestamp", "bigint"), ("bigint", "timestamp"), ("timestamp", "boolean"), ("boolean", "timestamp")}


def _cast(node: exp.Expr) -> None:
    mine, theirs = _family(node.this), _FAMILY.get(node.args["to"].this)
    # What sqlglot makes of a literal of a type, or of a function, is a cast as well.
    if mine and theirs and (mine, theirs) in _NEVER_CAST:
        wanted = node.args["to"].sql(dialect="trino").lower()
        raise SqlRefusedError(f"{where(node)}Cannot cast {_named(node.this)} to {wanted}")


def _bytes(node: exp.Expr) -> None:
    if _family(node.this) == "varchar":
        called = {"md5digest": "md5", "sha2digest": "sha256", "sha2": "sha256", "lowerhex": "to_hex"}.get(
            node.key, node.key
        )
        raise SqlRefusedError(f"{where(node)}Unexpected parameters (varchar) for function {called}")


def _if(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Case) and _family(node.this) not in (None, "boolean"):
        raise SqlRefusedError(f"{where(node)}IF condition must evaluate to a boolean (actual: {_named(node.this)})")


def _not(node: exp.Expr) -> None:
    if _family(node.this) not in (None, "boolean"):
        message = f"Value of logical NOT expression must evaluate to a boolean (actual: {_named(node.this)})"
        raise SqlRefusedError(where(node) + message)


def _sum(node: exp.Expr) -> None:
    if _family(node.this) in ("boolean", "timestamp"):  # what else DuckDB cannot sum up, it says itself
        raise SqlRefusedError(f"{where(node)}Unexpected parameters ({_named(node.this)}) for function {node.key}")


def _concat(node: exp.Expr) -> None:
    parts = (node.this, node.args["expression"]) if isinstance(node, exp.DPipe) else node.expressions
    for part in parts:
        if _family(part) not in (None, "varchar"):
            named = ", ".join(map(_named, parts))
            raise SqlRefusedError(f"{where(part)}Unexpected parameters ({named}) for function concat")


def _at_zone(node: exp.Expr) -> None:
    if node.this.type is not None and node.this.type.this == _T.DATE:
        raise SqlRefusedError(f"{where(node)}Type of value must be a time or timestamp with or without time zone")


def _percentile(node: exp.Expr) -> None:
    share = node.args.get("quantile")
    if isinstance(share, exp.Literal) and not share.is_string and float(share.name) > 1:
        raise SqlRefusedError(f"{where(node)}Percentile must be between 0 and 1")


def _selects(node: exp.Expr) -> Sequence[exp.Expr]:
    return node.selects if isinstance(node, exp.Query) else ()


def _named(node: exp.Expr) -> str:
    return node.type.sql(dialect="trino").lower() if node.type is not None else "unknown"


def where(node: exp.Expr) -> str:
    """Says where a node's first column stands, as Trino opens its messages."""
    for column in node.find_all(exp.Column):
        line, end = column.this.meta.get("line"), column.this.meta.get("col")
        if line and end:
            return f"line {line}:{end - len(column.name) + 1}: "
    return "line 1:1: "


def choices(node: exp.Expr) -> list[exp.Expr]:
    """Lists the values of which a CASE, an IF, a COALESCE or the like gives one."""
    if isinstance(node, exp.Case):
        values = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
    elif isinstance(node, exp.If):
        values = [node.args["true"], node.args.get("false")]
    else:
        values = [node.this, *node.expressions]
    return [value for value in values if value is not None]


def _alike(node: exp.Expr) -> None:
    """Refuses a CASE, an IF or a COALESCE whose values are of types that never meet."""
    known = [value for value in choices(node) if _family(value)]
    for value in known[1:]:
        if _family(value) != _family(known[0]):
            what = f"All {node.key.upper()} results must be the same type or coercible to a common type"
            raise SqlRefusedError(f"{where(value)}{what}: {_named(known[0])}, {_named(value)}")


def _moment(node: exp.Expr) -> None:
    """Refuses a text where a function of times wants a time."""
    for value in (node.this, node.args.get("expression")):
        if isinstance(value, exp.Expr) and not isinstance(value, exp.Interval) and _family(value) == "varchar":
            called = "date_diff" if isinstance(node, exp.DateDiff) else node.key
            message = f"Unexpected parameters for function {called}: {_named(value)}"
            raise SqlRefusedError(where(value) + message)


_CHECKS: dict[type[exp.Expr] | tuple[type[exp.Expr], ...], Callable[[exp.Expr], None]] = {
    _COMPARED: _compared,
    exp.Between: _between,
    exp.In: _within,
    exp.SetOperation: _check_union,
    exp.Like: _like,
    (exp.Where, exp.Having): _condition,
    (exp.Cast, exp.TryCast): _cast,
    exp.Not: _not,
    exp.If: _if,
    (exp.MD5Digest, exp.SHA2, exp.SHA2Digest): _bytes,
    (exp.Sum, exp.Avg): _sum,
    (exp.Concat, exp.DPipe): _concat,
    exp.AtTimeZone: _at_zone,
    exp.ApproxQuantile: _percentile,
    _COMPUTED: _compute,
    (exp.Case, exp.If, exp.Coalesce): _alike,
    (exp.DateDiff, exp.Year, exp.Month, exp.Day, exp.Quarter): _moment,
}
