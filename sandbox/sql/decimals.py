"""Keeps what is exact in Trino from becoming a double: quotients, means and roundings of decimals.

A quotient has the larger scale of both sides, half up (`1234 / 100.0` is 12.3, since 100.0 has one place), a mean that
of what it is the mean of, and what is rounded keeps its own; so a sum of them has it, too. In DuckDB the first two are
doubles, and the last loses its places. Part of `rewrites.py`; what is exact says `exact_types.py`, and where that does
not know nothing is changed.
"""

from sqlglot import exp

from forebay.sandbox.sql.edge_rewrites import is_double
from forebay.sandbox.sql.exact_types import exact

#: DuckDB computes in whole numbers of 38 digits: what a quotient is made longer by has to leave room for it.
_MOST_SHIFT = 18


def keep_scale(node: exp.Expr) -> exp.Expr:
    """Makes a quotient of which one side is a decimal, and the other exact, a decimal."""
    if is_double(node):  # by zero it is infinite, and no error
        return exp.Anonymous(this="QUOTIENT_OF_DOUBLES", expressions=[node.this.copy(), node.expression.copy()])
    one, other = exact(node.this), exact(node.expression)
    if one is None or other is None or not (one.is_decimal or other.is_decimal):
        return node
    return _quotient(node.this, one.places, node.expression, other.places)


def keep_mean(node: exp.Expr) -> exp.Expr:
    """Makes a mean of decimals, with its FILTER and OVER, a decimal."""
    parents = (exp.Filter, exp.Window)
    mean = node
    while isinstance(mean, parents):
        mean = mean.this
    kind = exact(mean.this) if isinstance(mean, exp.Avg) else None
    if kind is None or not kind.is_decimal or isinstance(node.parent, parents):
        return node
    total, count = (_instead(node, mean, kind_of(this=mean.this.copy())) for kind_of in (exp.Sum, exp.Count))
    return _quotient(total, kind.places, exp.Nullif(this=count, expression=exp.Literal.number(0)), 0)


def keep_places(node: exp.Expr) -> exp.Expr:
    """Gives back to a rounded decimal the places that it had."""
    kind = exact(node.this)
    if kind is None or not kind.is_decimal or not node.args.get("decimals"):
        return node
    return exp.cast(node.copy(), f"decimal(38, {kind.places})")


def plain_decimal(node: exp.Expr) -> exp.Expr:
    """Makes DECIMAL without a scale one without places, as in Trino; DuckDB would give it three."""
    if not isinstance(node, exp.Cast) or node.to.this != exp.DataType.Type.DECIMAL or node.to.expressions:
        return node
    text = node.this.name.partition(".")[2] if isinstance(node.this, exp.Literal) and node.this.is_string else ""
    changed = node.copy()
    changed.set("to", exp.DataType.build(f"decimal(38, {len(text)})"))  # DECIMAL '1.50' says its scale by itself
    return changed


def _quotient(one: exp.Expr, places: int, other: exp.Expr, its_places: int) -> exp.Expr:
    """Divides whole numbers of the smallest unit, with one digit more, by which it is rounded."""
    scale = max(places, its_places)
    shift = scale + its_places + 1
    if shift > _MOST_SHIFT:
        return _rounded_double(one, other, scale)
    units = exp.IntDiv(this=_units(one, places, shift), expression=_units(other, its_places, its_places))
    unit = exp.cast(exp.Literal.string(f"{'0.':0<{scale + 2}}1"), f"decimal({scale + 2}, {scale + 1})")
    longer = exp.Mul(this=exp.cast(units, "decimal(38, 0)"), expression=unit)
    return exp.cast(longer, f"decimal(38, {scale})")


def _units(node: exp.Expr, places: int, shift: int) -> exp.Expr:
    number = exp.cast(exp.Paren(this=node.copy()), f"decimal(38, {places})")
    longer = exp.Mul(this=number, expression=exp.Literal.number(10**shift)) if shift else number
    return exp.cast(longer, "int128")


def _rounded_double(one: exp.Expr, other: exp.Expr, scale: int) -> exp.Expr:
    precise = exp.Div(this=exp.cast(one.copy(), "double"), expression=other.copy(), typed=False)
    rounded = exp.Round(this=exp.Paren(this=precise), decimals=exp.Literal.number(scale))
    return exp.cast(rounded, f"decimal(38, {scale})")


def _instead(whole: exp.Expr, part: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Copies an expression with another aggregate in its midst."""
    if whole is part:
        return other
    copied = whole.copy()
    aggregate = copied
    while isinstance(aggregate, exp.Filter | exp.Window):
        aggregate = aggregate.this
    aggregate.replace(other)
    return copied
