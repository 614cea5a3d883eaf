"""Lists what functions take and give, for those that queries of Sigma use most; what is not listed takes anything.

Families are those of `value_types.py`. Part of `calls.py`.
"""

_TEXT, _NUMBER, _TIME, _ARRAY = ("text",), ("number",), ("moment",), ("array",)
_BYTES, _BINARY = ("text", "binary"), ("binary",)

#: What each argument may be, in its order; an empty tuple is anything.
ARGUMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("lower", "upper", "from_iso8601_date", "from_iso8601_timestamp"), (_TEXT,)),
    **dict.fromkeys(("ltrim", "rtrim", "trim"), (_TEXT, _TEXT)),
    "length": (_BYTES,),
    "substr": (_BYTES, _NUMBER, _NUMBER),
    "substring": (_BYTES, _NUMBER, _NUMBER),
    "strpos": (_TEXT, _TEXT, _NUMBER),
    "split": (_TEXT, _TEXT, _NUMBER),
    "split_part": (_TEXT, _TEXT, _NUMBER),
    "replace": (_TEXT, _TEXT, _TEXT),
    "starts_with": (_TEXT, _TEXT),
    "lpad": (_BYTES, _NUMBER, _BYTES),
    "rpad": (_BYTES, _NUMBER, _BYTES),
    "regexp_like": (_TEXT, _TEXT),
    "regexp_extract": (_TEXT, _TEXT, _NUMBER),
    "regexp_extract_all": (_TEXT, _TEXT, _NUMBER),
    "regexp_replace": (_TEXT, _TEXT),
    "regexp_split": (_TEXT, _TEXT),
    "date_parse": (_TEXT, _TEXT),
    "date": (("text", "moment"),),
    "date_trunc": (_TEXT, ("moment", "time")),
    "date_add": (_TEXT, _NUMBER, ("moment", "time")),
    "date_diff": (_TEXT, ("moment", "time"), ("moment", "time")),
    "date_format": (_TIME, _TEXT),
    "format_datetime": (_TIME, _TEXT),
    "last_day_of_month": (_TIME,),
    "to_unixtime": (_TIME,),
    "to_iso8601": (_TIME,),
    "from_unixtime": (_NUMBER,),
    "at_timezone": (("moment", "time"),),
    "with_timezone": (_TIME,),
    **dict.fromkeys(("year", "quarter", "month", "week", "day"), (("moment", "months", "days"),)),
    **dict.fromkeys(("day_of_month", "day_of_week", "day_of_year", "dow", "doy", "week_of_year", "yow"), (_TIME,)),
    **dict.fromkeys(("hour", "minute", "second", "millisecond"), (("moment", "time", "days"),)),
    **dict.fromkeys(("abs", "ceil", "ceiling", "floor", "sqrt", "ln", "exp", "sign", "truncate"), (_NUMBER,)),
    "round": (_NUMBER, _NUMBER),
    "mod": (_NUMBER, _NUMBER),
    "power": (_NUMBER, _NUMBER),
    "pow": (_NUMBER, _NUMBER),
    "sum": (("number", "days", "months"),),
    "avg": (("number", "days", "months"),),
    **dict.fromkeys(("stddev", "variance", "geometric_mean"), (_NUMBER,)),
    **dict.fromkeys(("bool_and", "bool_or", "every", "count_if"), (("boolean",),)),
    "json_extract": (("text", "json"), _TEXT),
    "json_extract_scalar": (("text", "json"), ("text",)),
    "json_parse": (_TEXT,),
    "array_join": (_ARRAY, _TEXT, _TEXT),
    "contains": (("array", "address"),),
    "cardinality": (("array", "map", "hyperloglog", "setdigest"),),
    **dict.fromkeys(
        (
            "md5",
            "sha1",
            "sha256",
            "sha512",
            "crc32",
            "murmur3",
            "xxhash64",
            "spooky_hash_v2_32",
            "spooky_hash_v2_64",
            "to_hex",
            "to_base32",
            "to_base64",
            "to_base64url",
            "from_utf8",
        ),
        (_BINARY,),
    ),
    **dict.fromkeys(("hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512"), (_BINARY, _BINARY)),
    "to_utf8": (_TEXT,),
    "listagg": (_TEXT, _TEXT),
    "sequence": (("number", "moment"), ("number", "moment"), ("number", "days", "months")),
}

#: What a result is, whatever goes in.
RETURNED: dict[str, str] = {
    **dict.fromkeys(
        (
            "count", "count_if", "approx_distinct", "length", "strpos", "date_diff", "year", "quarter", "month", "week",
            "day", "day_of_month", "day_of_week", "day_of_year", "dow", "doy", "week_of_year", "year_of_week", "yow",
            "hour", "minute", "second", "millisecond", "row_number", "rank", "dense_rank", "ntile", "cardinality",
            "array_position", "json_array_length", "regexp_count", "regexp_position", "levenshtein_distance",
            "crc32", "bit_count",
        ),
        "bigint",
    ),
    **dict.fromkeys(
        (
            "lower", "upper", "substr", "substring", "trim", "ltrim", "rtrim", "replace", "split_part", "lpad", "rpad",
            "regexp_extract", "regexp_replace", "date_format", "format_datetime", "to_iso8601", "format", "chr",
            "json_extract_scalar", "json_format", "array_join", "listagg", "url_extract_host", "url_extract_path",
            "url_decode", "url_encode", "to_hex", "to_base64", "from_utf8", "typeof", "concat_ws",
            "normalize", "translate", "soundex",
        ),
        "varchar",
    ),
    **dict.fromkeys(
        (
            "bool_and", "bool_or", "every", "regexp_like", "starts_with", "contains", "is_nan", "is_finite",
            "is_infinite", "any_match", "all_match", "none_match", "arrays_overlap", "json_array_contains",
        ),
        "boolean",
    ),
    **dict.fromkeys(
        (
            "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop", "covar_samp",
            "sqrt", "ln", "log", "log2", "log10", "exp", "power", "pow", "cbrt", "to_unixtime", "percent_rank",
            "cume_dist", "pi", "e", "geometric_mean", "regr_slope", "regr_intercept", "kurtosis", "skewness",
        ),
        "double",
    ),
    **dict.fromkeys(("date", "from_iso8601_date", "last_day_of_month"), "date"),
    "date_parse": "timestamp",
    **dict.fromkeys(
        ("now", "from_unixtime", "from_iso8601_timestamp", "at_timezone", "with_timezone"), "timestamp with time zone"
    ),
    **dict.fromkeys(("json_parse", "json_extract"), "json"),
    **dict.fromkeys(
        (
            "md5", "sha1", "sha256", "sha512", "murmur3", "xxhash64", "spooky_hash_v2_32", "spooky_hash_v2_64",
            "to_utf8", "from_hex", "from_base32", "from_base64", "from_base64url",
            "hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512",
        ),
        "varbinary",
    ),
    "uuid": "uuid",
}  # fmt: skip

#: Whose results have the type of one argument, and of which.
PASSED_ON: dict[str, int] = {
    **dict.fromkeys(
        (
            "max", "min", "max_by", "min_by", "arbitrary", "any_value", "sum", "avg", "approx_percentile", "abs",
            "round", "ceil", "ceiling", "floor", "truncate", "mod", "first_value", "last_value", "nth_value", "lag",
            "lead", "try", "reverse", "array_distinct", "array_sort", "slice", "filter", "shuffle",
            "array_remove", "array_except", "array_intersect", "array_union", "trim_array", "map_filter", "map_concat",
            "map_union",
        ),
        0,
    ),
    "date_trunc": 1,
    "date_add": 2,
}  # fmt: skip
