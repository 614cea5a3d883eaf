"""Lists what of Trino the sandbox has: functions, types, units. Anything else is refused, whatever DuckDB has.

A function stands here when its answers were compared with Trino's documentation (`tests/sandbox/sql/`).
"""

FUNCTIONS = frozenset(
    {
        "abs", "acos", "all_match", "any_match", "any_value", "approx_distinct", "approx_percentile",
        "arbitrary", "array_agg", "array_distinct", "array_except", "array_intersect", "array_join",
        "array_max", "array_min", "array_position", "array_remove", "array_sort", "array_union",
        "arrays_overlap", "asin", "at_timezone", "atan", "atan2", "avg", "bit_count", "bitwise_and",
        "bitwise_or", "bitwise_xor", "bool_and", "bool_or", "cardinality", "cbrt", "ceil", "ceiling", "chr",
        "coalesce", "codepoint", "concat", "concat_ws", "contains", "corr", "cos", "count", "count_if",
        "covar_pop", "covar_samp", "cume_dist", "date", "date_add", "date_diff", "date_format", "date_parse",
        "date_trunc", "day", "day_of_month", "day_of_week", "day_of_year", "decimalize_amount",
        "decimalize_amount_no_display", "degrees", "dense_rank", "dow", "doy", "e", "element_at", "every",
        "exp", "filter", "first_value", "flatten", "floor", "format", "format_datetime", "from_base64",
        "from_hex", "from_utf8", "from_iso8601_date", "from_iso8601_timestamp", "from_unixtime", "from_unixtime_nanos",
        "geometric_mean", "greatest", "histogram", "hour", "if", "is_finite", "is_infinite", "is_nan",
        "json_array_length", "json_extract", "json_extract_scalar", "json_format", "json_parse", "kurtosis",
        "lag", "last_day_of_month", "last_value", "lead", "least", "length", "levenshtein_distance", "listagg",
        "ln", "log", "log10", "log2", "lower", "lpad", "ltrim", "map", "map_agg", "map_concat", "map_entries",
        "map_filter", "map_keys", "map_values", "max", "max_by", "md5", "millisecond", "min", "min_by",
        "minute", "mod", "month", "nan", "none_match", "normalize", "now", "nth_value", "ntile", "nullif",
        "percent_rank", "pi", "pow", "power", "quarter", "radians", "rand", "random", "rank", "reduce",
        "regexp_count", "regexp_extract", "regexp_extract_all", "regexp_like", "regexp_replace", "regexp_split",
        "regr_intercept", "regr_slope", "repeat", "replace", "reverse", "round", "row_number", "rpad", "rtrim",
        "second", "sequence", "sha256", "sign", "sin", "skewness", "slice", "split", "split_part", "sqrt",
        "starts_with", "stddev", "stddev_pop", "stddev_samp", "strpos", "substr", "substring", "sum", "tan",
        "to_base64", "to_hex", "to_iso8601", "to_unixtime", "to_utf8", "transform", "transform_keys",
        "transform_values", "translate", "trim",
        "truncate", "try", "upper", "url_decode", "url_encode", "url_extract_host", "url_extract_path", "uuid",
        "var_pop", "var_samp", "variance", "week", "week_of_year", "width_bucket", "with_timezone", "year",
        "year_of_week", "yow", "zip", "zip_with",
    }
)  # fmt: skip

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
