-- Trino functions that DuckDB has under another name or not at all. The names here and in rewrites.PASSED_THROUGH
-- are the same set; a test compares them.

CREATE MACRO main.map_agg(k, v) AS map(list(k), list(v));
CREATE MACRO main.to_iso8601(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE MACRO main.url_extract_host(url) AS regexp_extract(url, '^[a-z]+://([^/:?#]+)', 1);
CREATE MACRO main.url_extract_path(url) AS regexp_extract(url, '^[a-z]+://[^/?#]+([^?#]*)', 1);
CREATE MACRO main.codepoint(letter) AS unicode(letter);
CREATE MACRO main.is_nan(x) AS isnan(x);
CREATE MACRO main.is_finite(x) AS isfinite(x);
CREATE MACRO main.is_infinite(x) AS isinf(x);
CREATE MACRO main.array_max(a) AS list_max(a);
CREATE MACRO main.array_min(a) AS list_min(a);
CREATE MACRO main.geometric_mean(x) AS geomean(x);
CREATE MACRO main.levenshtein_distance(a, b) AS levenshtein(a, b);
CREATE MACRO main.regexp_count(text, pattern) AS len(regexp_extract_all(text, pattern));
CREATE MACRO main.from_unixtime_nanos(n) AS make_timestamp_ns(n);
CREATE MACRO main.millisecond(moment) AS datepart('millisecond', moment) % 1000;
