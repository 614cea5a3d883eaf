"""Rewrites what DuckDB understands otherwise by the same words: each rule keeps what the query means in Trino.

sqlglot translates names (approx_distinct, date_format, regexp_like …); these rules translate meaning. Each was
found by comparing the documented behaviour of both engines. Integer division needs no rule: engine.py sets it.
"""

import re
from collections.abc import Callable
from itertools import zip_longest

from sqlglot import exp

from forebay.sandbox.sql.decimals import keep_mean, keep_places, keep_scale, plain_decimal
from forebay.sandbox.sql.edge_rewrites import (
    buckets,
    found_or_null,
    from_place,
    of_bytes,
    percentile,
    scalar_of_json,
    signed_interval,
    unnamed_row,
)
from forebay.sandbox.sql.joda_formats import strftime_of
from forebay.sandbox.sql.list_rewrites import (
    finished,
    in_order,
    position_or_zero,
    repeated,
    reversed_list,
    several_lists,
    slice_by_length,
    with_pairs,
)
from forebay.sandbox.sql.map_columns import is_map, mark_maps
from forebay.sandbox.sql.refused import SqlRefusedError

# Trino functions that sqlglot does not know and DuckDB has: as its own, or as a macro of trino_functions.sql.
# Anything else is refused: a query that only DuckDB understands must not pass here and then fail at Stripe.
OWN_MACROS = frozenset(
    {
        "map_agg", "to_iso8601", "url_extract_host", "url_extract_path", "codepoint", "is_nan", "is_finite",
        "is_infinite", "array_max", "array_min", "geometric_mean", "levenshtein_distance", "regexp_count",
        "from_unixtime_nanos", "millisecond", "decimalize_amount", "decimalize_amount_no_display", "e", "nan", "yow",
        "any_match", "all_match", "none_match", "array_union", "arrays_overlap", "zip", "width_bucket", "part_of_text",
        "contains_or_null", "quotient_of_doubles",
        "array_distinct_in_order", "array_except_in_order", "repeat_element", "url_encode_form", "iso8601_date",
    }
)  # fmt: skip
PASSED_THROUGH = OWN_MACROS | {
    "bit_count", "cbrt", "covar_pop", "covar_samp", "histogram", "kurtosis", "map_entries", "map_keys", "map_values",
    "pi", "regr_intercept", "regr_slope", "skewness", "url_decode", "url_encode", "at_timezone", "with_timezone",
    "format_datetime", "zip_with", "map_filter", "transform_keys", "transform_values", "map_concat",
    "json_array_length", "normalize", "every",
}  # fmt: skip

_COUNTED_FROM_0 = (exp.DataType.Type.UNKNOWN, exp.DataType.Type.ARRAY, exp.DataType.Type.LIST, exp.DataType.Type.MAP)

_Rule = Callable[[exp.Expr], exp.Expr]


def rewrite(query: exp.Query, *, data_load_time: str) -> None:
    """Applies each rule to `query` itself, whose columns say how exact they are (`exact_types.py`)."""
    mark_maps(query)
    _number_fields(query)
    _name_columns(query)
    # Innermost first, because a rule copies what stands below it.
    for node in reversed(list(query.walk())):
        if isinstance(node, exp.Column) and not node.table and node.name.lower() == "data_load_time":
            node.replace(exp.cast(exp.Literal.string(data_load_time), "timestamp"))
        elif rule := _RULES.get(type(node)):
            replacement = rule(node)
            if replacement is not node:
                node.replace(replacement)


def _number_fields(query: exp.Query) -> None:
    """Takes fields of rows, and percentiles of a list, by their number: sqlglot counts from 0 in lists only."""
    for node in list(query.find_all(exp.Bracket)):
        kind = node.this.type
        if kind is not None and kind.this not in _COUNTED_FROM_0 and len(node.expressions) == 1:
            parts = [node.this.copy(), node.expressions[0].copy()]
            node.replace(exp.Anonymous(this="ARRAY_EXTRACT", expressions=parts))


def unknown_function(query: exp.Query) -> str | None:
    """Finds a function that neither sqlglot nor these rules know."""
    for node in query.find_all(exp.Anonymous):
        if node.name.lower() not in PASSED_THROUGH:
            return node.name.lower()
    return None


def _name_columns(query: exp.Query) -> None:
    """Names a column without a name by its place, as Trino does (_col0, …); DuckDB would print its expression."""
    for select in query.find_all(exp.Select):
        for index, column in enumerate(list(select.expressions)):
            if isinstance(column, exp.Column) and column.name.lower() == "data_load_time":
                column.replace(exp.alias_(column.copy(), "data_load_time"))
            elif not isinstance(column, exp.Alias | exp.Aliases | exp.Column | exp.Star):
                column.replace(exp.alias_(column.copy(), f"_col{index}"))


def _is_date(node: object) -> bool:
    """Tells whether this is plainly a DATE: DuckDB turns dates into timestamps where Trino leaves them dates."""
    if isinstance(node, exp.Cast):  # TRY_CAST is one too
        return bool(node.to.this == exp.DataType.Type.DATE)
    if isinstance(node, exp.DateAdd | exp.DateTrunc | exp.TimestampTrunc | exp.Add | exp.Sub | exp.Paren):
        return _is_date(node.this) and not _has_clock_unit(node)
    return isinstance(node, exp.Date | exp.TsOrDsToDate | exp.CurrentDate | exp.LastDay)


def _has_clock_unit(node: exp.Expr) -> bool:
    unit = node.args.get("unit") or getattr(node.args.get("expression"), "unit", None)
    return str(getattr(unit, "name", "")).upper() in {"HOUR", "MINUTE", "SECOND", "MILLISECOND"}


def _keep_date(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.copy(), "date") if _is_date(node) else node


def _interval_math(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Sub) and _is_date(node.this) and _is_date(node.expression):
        # Days apart are an interval in Trino; in DuckDB they are a number.
        return exp.Sub(
            this=exp.cast(node.this.copy(), "timestamp"), expression=exp.cast(node.right.copy(), "timestamp")
        )
    return _keep_date(node) if isinstance(node.args.get("expression"), exp.Interval) else node


def _date_sequence(node: exp.Expr) -> exp.Expr:
    if not _is_date(node.args.get("start")):
        return node
    dates = node.copy()
    if not dates.args.get("step"):
        dates.set("step", exp.Interval(this=exp.Literal.string("1"), unit=exp.var("DAY")))
    return exp.cast(dates, exp.DataType.build("date[]", dialect="duckdb"))


def _whole_units(node: exp.Expr) -> exp.Expr:
    """Makes date_diff count whole units as in Trino; in DuckDB it counts boundaries, and date_sub whole units."""
    unit = exp.Literal.string(node.args["unit"].name.lower())
    return exp.Anonymous(this="DATE_SUB", expressions=[unit, node.args["expression"].copy(), node.this.copy()])


def _at_zone(value: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """Takes a timestamp without zone as UTC, as Sigma does; Trino shows that instant elsewhere, DuckDB shifts it."""
    return exp.AtTimeZone(this=exp.cast(value.copy(), "timestamptz"), zone=zone.copy())


def _extract_or_null(node: exp.Expr) -> exp.Expr:
    """Makes regexp_extract without a match NULL, as in Trino; in DuckDB it is ''."""
    matches = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    return exp.Case(ifs=[exp.If(this=matches, true=node.copy())])


def _iso_weekday(node: exp.Expr) -> exp.Expr:
    """Makes extract(dow …) 1 (Monday) to 7, as in Trino; in DuckDB Sunday is 0."""
    if node.name.upper() not in ("DOW", "DAY_OF_WEEK", "DAYOFWEEK"):
        return node
    return exp.DayOfWeekIso(this=node.expression.copy())


def _printf(node: exp.Expr) -> exp.Expr:
    """Makes format a printf: Trino's speaks Java's percent signs, as DuckDB's printf does; its format, braces."""
    kinds = re.findall(r"%[-+0-9.,]*([a-zA-Z])", node.this.name)
    values = [
        exp.cast(value.copy(), "text") if kind == "s" else value.copy()  # Java's %s takes anything
        for value, kind in zip_longest(node.expressions, kinds[: len(node.expressions)])
    ]
    return exp.Anonymous(this="PRINTF", expressions=[node.this.copy(), *values])


def _cardinality(node: exp.Expr) -> exp.Expr:
    """Makes cardinality count maps, too; DuckDB's array_length does not, and its len refuses maps."""
    if is_map(node.this):
        return exp.Anonymous(this="CARDINALITY", expressions=[node.this.copy()])
    return exp.func("COALESCE", exp.Anonymous(this="LEN", expressions=[node.this.copy()]), exp.Null())


#: The same under another name.
_RENAMED = {"every": "BOOL_AND", "url_encode": "URL_ENCODE_FORM", "normalize": "NFC_NORMALIZE", "zip": "LIST_ZIP"}


def _groups(node: exp.Expr) -> exp.Expr:
    """Makes $1 of a replacement what DuckDB calls \\1."""
    replacement = node.args.get("replacement")
    if not isinstance(replacement, exp.Literal) or "$" not in replacement.name:
        return node
    changed = node.copy()
    changed.set("replacement", exp.Literal.string(re.sub(r"\$(\d)", r"\\\1", replacement.name)))
    return changed


def _week_format(node: exp.Expr) -> exp.Expr:
    """Makes %v the ISO week; sqlglot leaves it, and DuckDB calls it %V."""
    written = node.args.get("format")
    if not isinstance(written, exp.Literal) or "%v" not in written.name:
        return node
    changed = node.copy()
    changed.set("format", exp.Literal.string(written.name.replace("%v", "%V")))
    return changed


def _function(node: exp.Expr) -> exp.Expr:
    if node.name.lower() in _RENAMED:
        return exp.Anonymous(this=_RENAMED[node.name.lower()], expressions=[one.copy() for one in node.expressions])
    if node.name.lower() == "to_iso8601" and _is_date(node.expressions[0]):
        return exp.Anonymous(this="ISO8601_DATE", expressions=[node.expressions[0].copy()])
    if node.name.lower() in ("zip_with", "map_filter", "transform_keys", "transform_values"):
        return with_pairs(node)
    if len(node.expressions) != 2:
        return node
    name, (value, option) = node.name.lower(), node.expressions
    if name == "bit_count":
        return exp.Anonymous(this="BIT_COUNT", expressions=[exp.cast(value.copy(), "bigint")])
    if name in ("at_timezone", "with_timezone"):
        return _at_zone(value, option)
    if name == "format_datetime":
        if not isinstance(option, exp.Literal):
            raise SqlRefusedError(
                "line 1:1: the sandbox knows formats of format_datetime only where they are written out"
            )
        pattern = exp.Literal.string(strftime_of(option.name))
        return exp.Anonymous(this="STRFTIME", expressions=[value.copy(), pattern])
    return node


_RULES: dict[type[exp.Expr], _Rule] = {
    exp.Div: keep_scale,
    exp.Avg: keep_mean,
    exp.Filter: keep_mean,
    exp.Window: keep_mean,
    exp.Round: keep_places,
    exp.Cast: plain_decimal,
    exp.TryCast: plain_decimal,
    exp.DateDiff: _whole_units,
    exp.AtTimeZone: lambda node: _at_zone(node.this, node.args["zone"]),
    exp.RegexpExtract: _extract_or_null,
    exp.GenerateSeries: _date_sequence,
    exp.DateTrunc: _keep_date,
    exp.TimestampTrunc: _keep_date,
    exp.DateAdd: _keep_date,
    exp.Add: _interval_math,
    exp.Sub: _interval_math,
    exp.Extract: _iso_weekday,
    exp.Format: _printf,
    exp.ArraySize: _cardinality,
    exp.Anonymous: _function,
    exp.ApproxDistinct: lambda node: exp.ApproxDistinct(this=node.this.copy()),  # its error is DuckDB's own
    exp.ArraySlice: slice_by_length,
    exp.Repeat: repeated,
    exp.Reverse: reversed_list,
    exp.ArrayPosition: position_or_zero,
    exp.ArrayDistinct: in_order("ARRAY_DISTINCT_IN_ORDER"),
    exp.ArrayExcept: in_order("ARRAY_EXCEPT_IN_ORDER"),
    exp.Reduce: finished,
    exp.Unnest: several_lists,
    exp.RegexpReplace: _groups,
    exp.TimeToStr: _week_format,
    exp.WidthBucket: buckets,
    exp.Substring: from_place,
    exp.JSONExtractScalar: scalar_of_json,
    exp.ArrayContains: found_or_null,
    exp.ArrayMax: lambda node: exp.Anonymous(this="ARRAY_MAX", expressions=[node.this.copy()]),
    exp.ArrayMin: lambda node: exp.Anonymous(this="ARRAY_MIN", expressions=[node.this.copy()]),
    exp.Length: of_bytes,
    exp.ApproxQuantile: percentile,
    exp.Interval: signed_interval,
    exp.Struct: unnamed_row,
    exp.Trunc: keep_places,
    exp.Normalize: lambda node: exp.Anonymous(this="NFC_NORMALIZE", expressions=[node.this.copy()]),
}
