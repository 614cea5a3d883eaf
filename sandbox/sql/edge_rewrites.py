"""Rewrites functions that answer as Trino's in the middle, and otherwise at the edges. Part of `rewrites.py`.

Edges are what is not there, NULL in a list, place 0, division by zero, and bytes where DuckDB knows texts only.
"""

from sqlglot import exp

from forebay.sandbox.sql.refused import SqlRefusedError

_DOUBLES = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT)
_COMPUTED = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Paren, exp.Neg)
_BYTES = (exp.Encode, exp.Unhex, exp.HexString, exp.FromBase64, exp.MD5Digest, exp.SHA2Digest)
_BINARY = (exp.DataType.Type.VARBINARY, exp.DataType.Type.BINARY)


def from_place(node: exp.Expr) -> exp.Expr:
    """Makes substr begin nowhere at place 0, and before the first letter; DuckDB begins with the first."""
    start = node.args.get("start")
    if isinstance(start, exp.Literal) and start.name != "0":
        return node
    parts = [part.copy() for part in (node.this, start, node.args.get("length")) if part is not None]
    return exp.Anonymous(this="PART_OF_TEXT", expressions=parts)


def scalar_of_json(node: exp.Expr) -> exp.Expr:
    """Makes json_extract_scalar of an object or a list NULL; DuckDB writes it out."""
    kind = exp.Anonymous(this="JSON_TYPE", expressions=[node.this.copy(), node.expression.copy()])
    nested = exp.In(this=kind, expressions=[exp.Literal.string("OBJECT"), exp.Literal.string("ARRAY")])
    return exp.Case(ifs=[exp.If(this=nested, true=exp.null())], default=node.copy())


def found_or_null(node: exp.Expr) -> exp.Expr:
    """Makes contains NULL where the element is not found beside a NULL, which may be it."""
    return exp.Anonymous(this="CONTAINS_OR_NULL", expressions=[node.this.copy(), node.expression.copy()])


def of_bytes(node: exp.Expr) -> exp.Expr:
    """Makes length count bytes, of what plainly is some."""
    return exp.Anonymous(this="OCTET_LENGTH", expressions=[node.this.copy()]) if _is_bytes(node.this) else node


def _is_bytes(node: exp.Expr) -> bool:
    return isinstance(node, _BYTES) or (isinstance(node, exp.Cast) and node.to.this in _BINARY)


def percentile(node: exp.Expr) -> exp.Expr:
    """Makes a percentile what DuckDB says it is: sqlglot takes a list of some for one number."""
    if node.args.get("weight") is not None:
        raise SqlRefusedError("line 1:1: the sandbox knows no weights in approx_percentile")
    return exp.Anonymous(this="APPROX_QUANTILE", expressions=[node.this.copy(), node.args["quantile"].copy()])


def is_double(node: exp.Expr | None) -> bool:
    """Tells whether this is plainly a double."""
    if isinstance(node, exp.Literal):
        return not node.is_string and "e" in node.name.lower()
    if isinstance(node, exp.Cast):
        return node.to.this in _DOUBLES
    return isinstance(node, _COMPUTED) and (is_double(node.this) or is_double(node.args.get("expression")))


def signed_interval(node: exp.Expr) -> exp.Expr:
    """Takes the sign before an interval's text into it: DuckDB knows no negative text."""
    if not isinstance(node.this, exp.Neg) or not isinstance(node.this.this, exp.Literal):
        return node
    return exp.Interval(this=exp.Literal.string(f"-{node.this.this.name}"), unit=node.args["unit"].copy())


def buckets(node: exp.Expr) -> exp.Expr:
    """Calls the macro for width_bucket, with bounds or with a list of bins."""
    parts = (node.args.get(name) for name in ("min_value", "max_value", "num_buckets"))
    return exp.Anonymous(
        this="WIDTH_BUCKET", expressions=[node.this.copy(), *(part.copy() for part in parts if part is not None)]
    )


def unnamed_row(node: exp.Expr) -> exp.Expr:
    """Makes ROW(a, b) a row without names, whose fields have numbers as in Trino."""
    if any(isinstance(field, exp.PropertyEQ | exp.Alias) for field in node.expressions):
        return node
    return exp.Anonymous(this="ROW", expressions=[field.copy() for field in node.expressions])
