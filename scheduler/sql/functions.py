"""Lists Trino functions by what matters to splitting, as far as sqlglot does not know it. Names are in lower case."""

#: Aggregates without a class of their own in sqlglot.
AGGREGATES = frozenset(
    {
        "approx_most_frequent", "approx_set", "checksum", "convex_hull_agg", "evaluate_classifier_predictions",
        "every", "geometric_mean", "geometry_union_agg", "histogram", "khyperloglog_agg", "learn_classifier",
        "learn_libsvm_classifier", "learn_libsvm_regressor", "learn_regressor", "make_set_digest", "map_agg",
        "map_union", "merge", "merge_set_digest", "multimap_agg", "numeric_histogram", "qdigest_agg", "reduce_agg",
        "regr_avgx", "regr_avgy", "regr_count", "regr_r2", "regr_sxx", "regr_sxy", "regr_syy", "spatial_partitioning",
        "tdigest_agg",
    }
)  # fmt: skip

#: Functions of their arguments and of nothing else, without a class of their own in sqlglot. What is in neither list is
#: refused: nobody here can say whether it looks at one row only.
SCALARS = frozenset(
    {
        "all_match", "any_match", "array_union", "arrays_overlap", "at_timezone", "beta_cdf", "bit_count",
        "bitwise_left_shift", "bitwise_right_shift", "bitwise_right_shift_arithmetic", "char2hexint", "codepoint",
        "color", "combinations", "contains_sequence", "cosine_similarity", "crc32", "e", "format_datetime",
        "format_number", "from_base64url", "from_big_endian_32", "from_big_endian_64", "from_ieee754_32",
        "from_ieee754_64", "from_unixtime_nanos", "hamming_distance", "hmac_md5", "hmac_sha1", "hmac_sha256",
        "hmac_sha512", "human_readable_seconds", "index", "infinity", "inverse_beta_cdf", "inverse_normal_cdf",
        "is_finite", "is_infinite", "is_json_scalar", "json_array", "json_array_get", "json_array_length",
        "json_exists", "json_size", "luhn_check", "map_concat", "map_entries", "map_filter", "map_values",
        "map_zip_with", "millisecond", "multimap_from_entries", "murmur3", "nan", "ngrams", "none_match",
        "normal_cdf", "parse_data_size", "parse_duration", "parse_presto_data_size", "regexp_position",
        "split_to_multimap", "spooky_hash_v2_32", "spooky_hash_v2_64", "timezone", "timezone_hour", "timezone_minute",
        "to_base", "to_base64url", "to_big_endian_32", "to_big_endian_64", "to_date", "to_ieee754_32",
        "to_ieee754_64", "to_iso8601", "to_milliseconds", "to_timestamp", "transform_keys", "transform_values",
        "trim_array", "url_decode", "url_encode", "url_extract_fragment", "url_extract_host", "url_extract_parameter",
        "url_extract_path", "url_extract_port", "url_extract_protocol", "url_extract_query", "wilson_interval_lower",
        "wilson_interval_upper", "with_timezone", "word_stem", "xxhash64", "yow", "zip", "zip_with",
    }
)  # fmt: skip
