"""Lists what of Trino the sandbox has: functions, types, units. Anything else is refused, whatever DuckDB has.

A function stands here when its answers were compared with Trino's documentation (`tests/sandbox/sql/`).
"""

from collections.abc import Mapping

_UNBOUNDED = 1 << 16
#: How many values functions take, at least and at most → their names.
_TAKING = {
    (0, 0): "cume_dist dense_rank e nan now percent_rank pi rank row_number uuid",
    (0, 1): "count",
    (0, 2): "map rand random",
    (1, 1): """
        abs acos any_value arbitrary array_agg array_distinct array_max array_min asin atan avg bool_and bool_or
        cardinality cbrt ceil ceiling chr codepoint cos count_if date day day_of_month day_of_week day_of_year
        degrees dow doy every exp first_value flatten floor from_base64 from_hex from_iso8601_date
        from_iso8601_timestamp from_unixtime_nanos geometric_mean histogram hour is_finite is_infinite is_nan
        json_array_length json_format json_parse kurtosis last_day_of_month last_value length ln log10 log2 lower
        map_entries map_keys map_values md5 millisecond minute month ntile quarter radians reverse second sha256
        sign sin skewness sqrt stddev stddev_pop stddev_samp sum tan to_base64 to_hex to_iso8601 to_unixtime to_utf8
        try upper url_decode url_encode url_extract_host url_extract_path var_pop var_samp variance week
        week_of_year year year_of_week yow
        """,
    (1, 2): """
        approx_distinct array_sort from_utf8 listagg ltrim max min normalize round rtrim trim truncate
        """,
    (1, 3): "from_unixtime lag lead",
    (2, 2): """
        all_match any_match array_except array_intersect array_position array_remove array_union arrays_overlap
        at_timezone atan2 bit_count bitwise_and bitwise_or bitwise_xor contains corr covar_pop covar_samp
        date_format date_parse date_trunc element_at filter format_datetime json_extract json_extract_scalar
        levenshtein_distance log map_agg map_filter mod none_match nth_value nullif pow power regexp_count
        regexp_like regexp_split regr_intercept regr_slope repeat starts_with transform transform_keys
        transform_values with_timezone
        """,
    (2, 3): """
        array_join if max_by min_by regexp_extract regexp_extract_all regexp_replace replace sequence split strpos
        substr substring
        """,
    (2, 4): "approx_percentile width_bucket",
    (2, _UNBOUNDED): "coalesce concat concat_ws format map_concat zip",
    (1, _UNBOUNDED): "greatest least",
    (3, 3): """
        date_add date_diff decimalize_amount decimalize_amount_no_display lpad rpad slice split_part translate
        zip_with
        """,
    (4, 4): "reduce",
}
#: Name → how many values it takes, at least and at most.
FUNCTIONS: Mapping[str, tuple[int, int]] = {name: bounds for bounds, names in _TAKING.items() for name in names.split()}

TYPES = frozenset(
    {
        "array", "bigint", "boolean", "char", "date", "dec", "decimal", "double", "int", "integer", "json",
        "map", "numeric", "real", "row", "smallint", "time", "timestamp", "tinyint", "uuid", "varbinary",
        "varchar",
    }
)  # fmt: skip

UNITS = frozenset({"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"})

EXTRACTED = frozenset(
    {
        "day", "day_of_month", "day_of_week", "day_of_year", "dow", "doy", "hour", "minute", "month", "quarter",
        "second", "timezone_hour", "timezone_minute", "week", "year", "year_of_week", "yow",
    }
)  # fmt: skip
