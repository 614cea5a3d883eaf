"""Knows the functions of Trino and of Stripe Sigma: their names, what they take, and what people call by other names.

The list is data (`function_list.txt`), written from the documentation. `calls.py` holds queries against it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("function_list.txt")
_LINE = re.compile(r"(\w+)\((.*)\)")
_UNBOUNDED = 1 << 16


class FunctionKind(StrEnum):
    """What a function works on."""

    AGGREGATE = "aggregate"
    """Many rows."""
    WINDOW = "window"
    """A row among others; never without OVER."""
    SCALAR = "scalar"
    SIGMA = "sigma"
    """One row; Stripe Sigma has it, and no Trino."""
    SOME = "some"
    """One row; a plugin or a newer release has it, and not each Trino."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFunction:
    """One function."""

    name: str
    kind: FunctionKind
    usages: tuple[str, ...]
    """How its documentation writes a call."""

    def takes(self, arguments: int) -> bool:
        """Tells whether a call may have so many arguments."""
        return any(least <= arguments <= most for least, most in map(_bounds, self.usages))


@cache
def known_functions() -> Mapping[str, KnownFunction]:
    """Reads the list: functions by their names in lower case."""
    known: dict[str, KnownFunction] = {}
    kind = FunctionKind.SCALAR
    for line in _LIST.read_text("utf-8").splitlines():
        if line.startswith("= "):
            kind = FunctionKind(re.split(r"\W+", line)[1])
        elif match := _LINE.fullmatch(line):
            before = known[match[1]].usages if match[1] in known else ()
            known[match[1]] = KnownFunction(name=match[1], kind=kind, usages=(*before, line))
    return known


def _bounds(usage: str) -> tuple[int, int]:
    """Counts the arguments that a usage needs, and may have: `lag(x[, offset[, default]])` 1 and 3."""
    written = _LINE.fullmatch(usage)
    assert written  # noqa: S101 - the list's lines are nothing else
    needed, every = re.sub(r"\[.*\]", "", written[2]), re.sub(r"[\[\]]", "", written[2])
    least = len(_names(needed))
    return least, _UNBOUNDED if "..." in every else len(_names(every))


def _names(arguments: str) -> list[str]:
    return [name for part in arguments.split(",") if (name := part.strip()) and name != "..."]


#: What other engines call it → how Trino writes it.
_ELSEWHERE = {
    "ifnull": "coalesce(a, b)",
    "nvl": "coalesce(a, b)",
    "isnull": "coalesce(a, b), or `a IS NULL` for the question",
    "nvl2": "IF(a IS NOT NULL, b, c)",
    "zeroifnull": "coalesce(a, 0)",
    "nullifzero": "nullif(a, 0)",
    "iff": "IF(condition, a, b)",
    "iif": "IF(condition, a, b)",
    "decode": "CASE x WHEN 1 THEN 'a' ELSE 'b' END",
    "string_agg": "listagg(x, ',') WITHIN GROUP (ORDER BY x), or array_join(array_agg(x), ',')",
    "group_concat": "listagg(x, ',') WITHIN GROUP (ORDER BY x), or array_join(array_agg(x), ',')",
    "array_to_string": "array_join(x, ',')",
    "string_to_array": "split(x, ',')",
    "collect_list": "array_agg(x)",
    "collect_set": "array_agg(DISTINCT x)",
    "array_length": "cardinality(x)",
    "array_size": "cardinality(x)",
    "array_contains": "contains(array, element)",
    "array_append": "array || element",
    "array_cat": "array1 || array2",
    "array_slice": "slice(x, start, length)",
    "list_contains": "contains(array, element)",
    "explode": "CROSS JOIN UNNEST(array) AS t (x)",
    "flatten_json": "CROSS JOIN UNNEST(array) AS t (x)",
    "median": "approx_percentile(x, 0.5)",
    "percentile": "approx_percentile(x, 0.5)",
    "percentile_cont": "approx_percentile(x, 0.5)",
    "percentile_disc": "approx_percentile(x, 0.5)",
    "percentile_approx": "approx_percentile(x, 0.5)",
    "quantile": "approx_percentile(x, 0.5)",
    "quantile_cont": "approx_percentile(x, 0.5)",
    "approx_count_distinct": "approx_distinct(x)",
    "countif": "count_if(x)",
    "sumif": "sum(x) FILTER (WHERE condition)",
    "sum_if": "sum(x) FILTER (WHERE condition)",
    "logical_and": "bool_and(x)",
    "logical_or": "bool_or(x)",
    "mode": "approx_most_frequent(1, x, 100)",
    "first": "min_by(x, created), or arbitrary(x)",
    "last": "max_by(x, created)",
    "argmax": "max_by(x, y)",
    "argmin": "min_by(x, y)",
    "arg_max": "max_by(x, y)",
    "arg_min": "min_by(x, y)",
    "getdate": "current_timestamp",
    "sysdate": "current_timestamp",
    "today": "current_date",
    "curdate": "current_date",
    "current_datetime": "current_timestamp",
    "utc_timestamp": "current_timestamp",
    "unix_timestamp": "to_unixtime(timestamp)",
    "to_unix_timestamp": "to_unixtime(timestamp)",
    "unixepoch": "to_unixtime(timestamp)",
    "epoch": "to_unixtime(timestamp)",
    "datediff": "date_diff('day', from, to)",
    "timestampdiff": "date_diff('day', from, to)",
    "timestamp_diff": "date_diff('day', from, to)",
    "months_between": "date_diff('month', from, to)",
    "dateadd": "date_add('day', 1, x)",
    "timestampadd": "date_add('day', 1, x)",
    "timestamp_add": "date_add('day', 1, x)",
    "add_months": "date_add('month', 1, x)",
    "date_sub": "date_add('day', -1, x)",
    "datesub": "date_add('day', -1, x)",
    "timestamp_sub": "date_add('day', -1, x)",
    "datetrunc": "date_trunc('month', x)",
    "timestamp_trunc": "date_trunc('month', x)",
    "date_part": "extract(month FROM x), or month(x)",
    "datepart": "extract(month FROM x), or month(x)",
    "datename": "date_format(x, '%M')",
    "dayname": "date_format(x, '%W')",
    "monthname": "date_format(x, '%M')",
    "dayofweek": "day_of_week(x)",
    "dayofmonth": "day_of_month(x)",
    "dayofyear": "day_of_year(x)",
    "weekday": "day_of_week(x)",
    "weekofyear": "week(x)",
    "isodow": "day_of_week(x)",
    "last_day": "last_day_of_month(x)",
    "eomonth": "last_day_of_month(x)",
    "strftime": "date_format(x, '%Y-%m')",
    "format_timestamp": "date_format(x, '%Y-%m')",
    "format_date": "date_format(x, '%Y-%m')",
    "strptime": "date_parse(x, '%Y-%m-%d')",
    "str_to_date": "date_parse(x, '%Y-%m-%d')",
    "parse_date": "date_parse(x, '%Y-%m-%d')",
    "parse_timestamp": "date_parse(x, '%Y-%m-%d')",
    "datetime": "CAST(x AS timestamp)",
    "timestamp": "CAST(x AS timestamp)",
    "make_date": "date_parse(format('%d-%02d-%02d', y, m, d), '%Y-%m-%d')",
    "date_from_parts": "date_parse(format('%d-%02d-%02d', y, m, d), '%Y-%m-%d')",
    "timestamp_seconds": "from_unixtime(x)",
    "timestamp_millis": "from_unixtime(x / 1e3)",
    "epoch_ms": "from_unixtime(x / 1e3)",
    "to_epoch": "to_unixtime(timestamp)",
    "convert_timezone": "x AT TIME ZONE 'America/New_York'",
    "from_utc_timestamp": "x AT TIME ZONE 'America/New_York'",
    "to_utc_timestamp": "x AT TIME ZONE 'UTC'",
    "generate_series": "UNNEST(sequence(1, 10)) AS t (n)",
    "generate_array": "sequence(1, 10)",
    "generate_date_array": "sequence(from, to, INTERVAL '1' DAY)",
    "range": "sequence(1, 10)",
    "len": "length(x)",
    "char_length": "length(x)",
    "character_length": "length(x)",
    "left": "substr(x, 1, n)",
    "right": "substr(x, -n)",
    "mid": "substr(x, start, length)",
    "charindex": "strpos(string, substring)",
    "instr": "strpos(string, substring)",
    "locate": "strpos(string, substring)",
    "ucase": "upper(x)",
    "lcase": "lower(x)",
    "btrim": "trim(x)",
    "regexp_substr": "regexp_extract(x, pattern)",
    "regexp_matches": "regexp_extract_all(x, pattern)",
    "regexp_contains": "regexp_like(x, pattern)",
    "regexp": "regexp_like(x, pattern)",
    "rlike": "regexp_like(x, pattern)",
    "split_string": "split(x, ',')",
    "substring_index": "split_part(x, delimiter, 1)",
    "safe_cast": "TRY_CAST(x AS type)",
    "convert": "CAST(x AS type)",
    "to_number": "CAST(x AS double)",
    "to_varchar": "CAST(x AS varchar)",
    "to_json": "CAST(x AS json)",
    "to_json_string": "json_format(CAST(x AS json))",
    "str": "CAST(x AS varchar)",
    "string": "CAST(x AS varchar)",
    "int": "CAST(x AS bigint)",
    "float": "CAST(x AS double)",
    "safe_divide": "TRY(a / b), or a / nullif(b, 0)",
    "div0": "coalesce(a / nullif(b, 0), 0)",
    "trunc": "truncate(x)",
    "log1p": "ln(1 + x)",
    "square": "power(x, 2)",
    "get_json_object": "json_extract_scalar(x, '$.a')",
    "json_value_text": "json_extract_scalar(x, '$.a')",
    "json_extract_path_text": "json_extract_scalar(x, '$.a')",
    "json_extract_string": "json_extract_scalar(x, '$.a')",
    "parse_json": "json_parse(x)",
    "map_contains_key": "element_at(map, key) IS NOT NULL",
    "object_keys": "map_keys(x)",
    "struct": "ROW(a, b)",
    "ratio_to_report": "x / sum(x) OVER ()",
    "isnan": "is_nan(x)",
    "is_null": "x IS NULL",
    "md5_hex": "to_hex(md5(to_utf8(x)))",
    "sha2": "to_hex(sha256(to_utf8(x)))",
    "newid": "uuid()",
    "gen_random_uuid": "uuid()",
    "try_to_number": "TRY_CAST(x AS double)",
    "try_to_decimal": "TRY_CAST(x AS decimal(18, 2))",
    "try_to_date": "TRY(date_parse(x, '%Y-%m-%d'))",
    "try_parse_json": "TRY(json_parse(x))",
    "object_construct": "MAP(ARRAY['a'], ARRAY[b])",
    "array_construct": "ARRAY[a, b]",
    "get_path": "json_extract_scalar(x, '$.a')",
    "json_object_agg": "map_agg(key, value)",
    "jsonb_object_agg": "map_agg(key, value)",
    "json_agg": "CAST(array_agg(x) AS json)",
    "to_timestamp_ntz": "CAST(x AS timestamp)",
    "extract_date": "date(x)",
    "initcap": "upper(substr(x, 1, 1)) || lower(substr(x, 2))",
    "ago": "current_timestamp - INTERVAL '30' DAY",
    "rownum": "row_number() OVER (ORDER BY x)",
}


def elsewhere(name: str) -> str | None:
    """Says how Trino writes what other engines call by this name; None for one that is not known to be theirs."""
    return _ELSEWHERE.get(name)
