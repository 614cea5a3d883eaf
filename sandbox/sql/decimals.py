"""Makes a quotient of decimals a decimal with the larger scale, as in Trino; in DuckDB it is a double.

`1234 / 100.0` is 12.3 in Trino, since 100.0 has one place. Part of `rewrites.py`; where no scale is to be seen, the
quotient is left alone.
"""

from sqlglot import exp

_PASSING = (exp.Paren, exp.Neg, exp.Sum, exp.Min, exp.Max, exp.Abs, exp.Filter, exp.Window)


def keep_scale(node: exp.Expr, whole: frozenset[str]) -> exp.Expr:
    """Casts a quotient of which both sides have a scale, and one of them places. `whole`: columns of whole numbers."""
    scales = scale_of(node.this, whole), scale_of(node.expression, whole)
    if None in scales or not (_is_decimal(node.this) or _is_decimal(node.expression)):
        return node
    scale = max(each for each in scales if each is not None)
    precise = exp.Div(this=exp.cast(node.this.copy(), "double"), expression=node.expression.copy(), typed=False)
    rounded = exp.Round(this=exp.Paren(this=precise), decimals=exp.Literal.number(scale))
    return exp.cast(rounded, f"decimal(38, {scale})")


def scale_of(node: exp.Expr, whole: frozenset[str]) -> int | None:
    """Finds how many places a decimal or a whole number has; None for doubles, and for what is not known."""
    if isinstance(node, exp.Literal) and not node.is_string and "e" not in node.name.lower():
        return len(node.name.partition(".")[2])
    if isinstance(node, exp.Cast):
        return _scale_of_type(node.to)
    if isinstance(node, exp.Count):
        return 0
    if isinstance(node, exp.Column):
        return 0 if node.name.lower() in whole else None
    if isinstance(node, _PASSING):
        return scale_of(node.this, whole)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        left, right = scale_of(node.this, whole), scale_of(node.expression, whole)
        if left is None or right is None:
            return None
        return left + right if isinstance(node, exp.Mul) else max(left, right)
    return None


def _scale_of_type(kind: exp.DataType) -> int | None:
    if kind.this in exp.DataType.INTEGER_TYPES:
        return 0
    if kind.this != exp.DataType.Type.DECIMAL:
        return None
    return int(kind.expressions[1].name) if len(kind.expressions) > 1 else 0


def _is_decimal(node: exp.Expr) -> bool:
    """Tells whether something in it makes it a decimal, and not a whole number."""
    if isinstance(node, exp.Literal):
        return not node.is_string and "." in node.name and "e" not in node.name.lower()
    if isinstance(node, exp.Cast):
        return bool(node.to.this == exp.DataType.Type.DECIMAL)
    if isinstance(node, (*_PASSING, exp.Add, exp.Sub, exp.Mul)):
        parts = (node.this, node.args.get("expression"))
        return any(_is_decimal(part) for part in parts if isinstance(part, exp.Expr))
    return False
