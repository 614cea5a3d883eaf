"""Sound queries give the same rows whole and in parts; each rule that refuses one has a query that would not."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.scheduler.sql.soundness import END, START, unsound
from tests.scheduler.splitting.engine import Row, Rows, render

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
WINDOW = (MIDNIGHT, MIDNIGHT + timedelta(days=1))
BOUNDS = "created >= :start AND created < :end"


def judged(sql: str, on: str = "created") -> list[str]:
    return unsound(render(sql, START, END), on)


@pytest.fixture(scope="module")
def rows() -> Iterator[Rows]:
    made = Rows()
    yield made
    made.close()


# ---- sound queries

hours = st.integers(-2, 26)
moments = hours.map(lambda hour: WINDOW[0] + timedelta(hours=hour))
small = st.one_of(st.none(), st.integers(0, 3))
charges = st.lists(st.tuples(st.integers(0, 9), st.none() | moments, moments, small, small), max_size=12)
tags = st.lists(st.tuples(small, st.sampled_from(["a", "b", None]), moments), max_size=5)
cuts = st.sets(st.integers(1, 23), max_size=4).map(
    lambda inner: [WINDOW[0], *(WINDOW[0] + timedelta(hours=hour) for hour in sorted(inner)), WINDOW[1]]
)

sources = st.sampled_from(
    [
        "charges AS c",
        "(SELECT * FROM charges UNION ALL SELECT * FROM charges) AS c",
        "(SELECT * FROM charges EXCEPT SELECT * FROM charges WHERE amount = 1) AS c",
        "(SELECT DISTINCT * FROM charges ORDER BY id) AS c",
        "(SELECT id, max(created) AS created, sum(amount) AS amount, min(k) AS k FROM charges GROUP BY id) AS c",
        "charges AS c CROSS JOIN UNNEST(ARRAY[1, 2]) AS u (n)",
    ]
)
joins = st.sampled_from(
    [
        "",
        "JOIN tags AS g ON g.k = c.k",
        "LEFT JOIN tags AS g ON g.k = c.k AND g.tag = 'a'",
        "RIGHT JOIN tags AS g ON g.k = c.k",
        "CROSS JOIN (SELECT count(*) AS everything FROM tags) AS n",
        "JOIN (SELECT k AS of_k, count(DISTINCT tag) AS different FROM tags GROUP BY k) AS n ON n.of_k = c.k",
    ]
)
columns = st.lists(
    st.sampled_from(
        [
            "c.*",
            "c.amount * 2 AS twice",
            "CASE WHEN c.amount > 1 THEN 'much' ELSE 'little' END AS size",
            "coalesce(c.k, -1) AS k",
            "date_trunc('day', c.created) AS day",
            "(SELECT count(*) FROM tags AS t WHERE t.k = c.k) AS tagged",
            "(SELECT sum(o.amount) FROM charges AS o WHERE o.created < c.created) AS before",
        ]
    ),
    min_size=1,
    max_size=4,
    unique=True,
).map(", ".join)
bounds = st.sampled_from(
    [
        "c.created >= :start AND c.created < :end",
        ":end > c.created AND (:start <= c.created)",
        "((c.created >= :start) AND c.created < :end)",
    ]
)
further = st.sampled_from(
    [
        "",
        "AND c.amount IS NOT NULL",
        "AND (c.amount = 1 OR c.k = 2)",
        "AND NOT (c.amount = 1 AND c.id > 3)",
        "AND c.k IN (SELECT k FROM tags)",
        "AND EXISTS (SELECT 1 FROM charges AS o WHERE o.id = c.id AND o.created >= c.created)",
        "AND c.amount BETWEEN 0 AND 2",
    ]
)
sound_queries = st.builds("SELECT {} FROM {} {} WHERE {} {}".format, columns, sources, joins, bounds, further)


@settings(max_examples=60)
@given(sql=sound_queries, cuts=cuts, charges=charges, tags=tags)
def test_a_query_that_is_called_sound_gives_the_same_rows_whole_and_in_parts(
    rows: Rows, sql: str, cuts: list[datetime], charges: list[Row], tags: list[Row]
) -> None:
    assert judged(sql) == []
    whole = rows.whole(sql, *WINDOW, charges=charges, tags=tags)
    assert Counter(rows.parts(sql, cuts, charges=charges, tags=tags)) == Counter(whole)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM charges WHERE created >= :start AND created < :end -- and no more",
        "SELECT id FROM charges WHERE CREATED >= :start AND Created < :end;",
        "WITH good AS (SELECT * FROM charges WHERE amount > 0) SELECT id FROM good WHERE " + BOUNDS,
        "SELECT json_extract_scalar(x, '$.a'), at_timezone(created, 'Asia/Tokyo') FROM charges WHERE " + BOUNDS,
        "SELECT transform(a, x -> x + 1), TRY_CAST(b AS bigint), c[1], INTERVAL '1' DAY FROM charges WHERE " + BOUNDS,
    ],
)
def test_what_people_write_is_sound(sql: str) -> None:
    assert judged(sql) == []


# ---- each rule, and what it saves from

CHARGES: list[Row] = [
    (number, MIDNIGHT + timedelta(hours=created), MIDNIGHT + timedelta(hours=updated), amount, k)
    for number, created, updated, amount, k in [
        (1, 1, 1, 10, 1),
        (2, 2, 20, 20, 1),
        (3, 12, 12, 30, 2),
        (4, 13, 13, 10, 1),
        (5, 14, 14, 10, 2),
        (6, -9, -9, 10, 3),
    ]
]
MANY: list[Row] = [(n, WINDOW[0] + timedelta(minutes=n), WINDOW[0], n, n % 7) for n in range(1000)]

REFUSED = [
    (f"SELECT DISTINCT k FROM charges WHERE {BOUNDS}", "DISTINCT"),
    (f"SELECT k, 1 AS n FROM charges WHERE {BOUNDS} GROUP BY k", "GROUP BY"),
    (f"SELECT 1 AS n FROM charges WHERE {BOUNDS} HAVING count(*) > 3", "HAVING"),
    (f"SELECT count(*) FROM charges WHERE {BOUNDS}", "aggregates over the window"),
    (f"SELECT geometric_mean(amount) FROM charges WHERE {BOUNDS}", "aggregates over the window"),
    (f"SELECT sum(amount) FILTER (WHERE k = 1) FROM charges WHERE {BOUNDS}", "aggregates over the window"),
    (f"SELECT id FROM charges WHERE {BOUNDS} LIMIT 1", "LIMIT"),
    (f"SELECT id FROM charges WHERE {BOUNDS} FETCH FIRST 1 ROWS ONLY", "LIMIT or FETCH"),
    (f"SELECT id FROM charges WHERE {BOUNDS} OFFSET 1", "OFFSET"),
    (f"SELECT id, rank() OVER (ORDER BY created) FROM charges WHERE {BOUNDS}", "OVER"),
    (f"SELECT id, sum(amount) OVER () FROM charges WHERE {BOUNDS}", "OVER"),
    (f"SELECT k FROM charges WHERE {BOUNDS} UNION SELECT k FROM charges WHERE {BOUNDS}", "set operation"),
    (f"SELECT id FROM charges EXCEPT SELECT id FROM charges WHERE {BOUNDS}", "set operation"),
    # The same rows in another order of the table.
    (f"SELECT id FROM (SELECT * FROM charges LIMIT 4) WHERE {BOUNDS}", "a subquery in it has LIMIT"),
    (
        f"SELECT * FROM (SELECT id, created, row_number() OVER (ORDER BY amount) AS n FROM charges) WHERE {BOUNDS}",
        "OVER",
    ),
    (
        f"SELECT id, (SELECT array_agg(o.k) FROM charges AS o) FROM charges WHERE {BOUNDS}",
        "aggregate that may",
    ),
    # Another time, or a throw of the dice.
    (f"SELECT id, random() FROM charges WHERE {BOUNDS}", "calls rand"),
    (f"SELECT id, uuid() FROM charges WHERE {BOUNDS}", "calls uuid"),
    (f"SELECT id, CAST(now() AS timestamp) FROM charges WHERE {BOUNDS}", "calls current_timestamp"),
    (f"SELECT id FROM charges TABLESAMPLE BERNOULLI (50) WHERE {BOUNDS}", "TABLESAMPLE"),
    # The window in another form or in another place.
    ("SELECT id FROM charges WHERE created BETWEEN :start AND :end", "half-open"),
    ("SELECT id FROM charges WHERE created >= :start AND created <= :end", "half-open"),
    ("SELECT id FROM charges WHERE created > :start AND created < :end", "half-open"),
    (f"SELECT id FROM charges WHERE {BOUNDS} OR id = 6", "half-open"),
    ("SELECT id FROM charges WHERE NOT (created >= :start AND created < :end)", "half-open"),
    ("SELECT id FROM charges WHERE created < :end", "half-open"),
    ("SELECT id FROM charges WHERE date_trunc('day', created) >= :start AND created < :end", "half-open"),
    ("SELECT id FROM charges WHERE created >= :start AND updated < :end", "two columns"),
    (f"SELECT id, :start AS since FROM charges WHERE {BOUNDS}", "another place"),
    (f"SELECT id, :day_end AS day FROM charges WHERE {BOUNDS} AND id = 1", "another place"),
    (f"SELECT id FROM charges WHERE {BOUNDS} AND updated < :end", "half-open"),
    (
        f"SELECT id, (SELECT count(*) FROM charges AS o WHERE o.created >= :start) FROM charges WHERE {BOUNDS}",
        "another place",
    ),
    (
        "SELECT c.id, o.id AS other FROM charges AS c JOIN charges AS o ON o.k = c.k AND o.created >= :start"
        " WHERE c.created >= :start AND c.created < :end",
        "another place",
    ),
    (
        "SELECT c.id FROM charges AS c LEFT JOIN charges AS o"
        " ON o.id = c.id AND o.created >= :start AND o.created < :end",
        "half-open",
    ),
    (
        "SELECT count(*) AS n FROM (SELECT id FROM charges WHERE created >= :start AND created < :end) AS c",
        "half-open",
    ),
]


@pytest.mark.parametrize(("sql", "why"), REFUSED)
def test_what_is_refused_would_give_other_rows_in_parts(rows: Rows, sql: str, why: str) -> None:
    assert any(why in reason for reason in judged(sql)), judged(sql)
    tables = {"charges": MANY if "SAMPLE" in sql else CHARGES}
    whole = rows.whole(sql, *WINDOW, **tables)
    assert whole, "a query without rows shows nothing"
    assert _counted(rows.parts(sql, [WINDOW[0], NOON, WINDOW[1]], **tables)) != _counted(whole)


def _counted(rows: list[Row]) -> Counter[str]:
    return Counter(map(repr, rows))


def test_order_by_is_refused_since_only_the_parts_would_be_sorted(rows: Rows) -> None:
    sql = f"SELECT amount FROM charges WHERE {BOUNDS} ORDER BY amount"
    assert any("ORDER BY" in reason for reason in judged(sql))
    assert rows.parts(sql, [WINDOW[0], NOON, WINDOW[1]], charges=CHARGES) != rows.whole(sql, *WINDOW, charges=CHARGES)


AGGREGATES = [
    "any_value", "arbitrary", "array_agg", "avg", "bool_and", "bool_or", "checksum", "count", "count_if", "every",
    "geometric_mean", "listagg", "max", "min", "sum", "bitwise_and_agg", "bitwise_or_agg", "bitwise_xor_agg",
    "histogram", "approx_distinct", "approx_set", "merge", "qdigest_agg", "tdigest_agg", "kurtosis", "skewness",
    "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "make_set_digest", "merge_set_digest",
    "map_union",
]  # fmt: skip
AGGREGATES_OF_TWO = [
    "max_by", "min_by", "corr", "covar_pop", "covar_samp", "regr_intercept", "regr_slope", "map_agg", "multimap_agg",
    "approx_percentile", "numeric_histogram", "learn_classifier",
]  # fmt: skip
AGGREGATES_OF_MORE = ["approx_most_frequent(3, k, 10)", "reduce_agg(k, 0, (a, b) -> a + b, (a, b) -> a + b)"]


@pytest.mark.parametrize(
    "call",
    [
        *(f"{name}(k)" for name in AGGREGATES),
        *(f"{name}(k, amount)" for name in AGGREGATES_OF_TWO),
        *AGGREGATES_OF_MORE,
    ],
)
def test_every_aggregate_of_trino_is_known_as_one(call: str) -> None:
    assert any(
        "aggregates over the window" in reason for reason in judged(f"SELECT {call} FROM charges WHERE {BOUNDS}")
    )


@pytest.mark.parametrize(
    ("sql", "on", "why"),
    [
        ("SELECT FROM WHERE", "created", "cannot be read"),
        ("SELECT 'a FROM t", "created", "cannot be read"),
        ("DELETE FROM charges WHERE " + BOUNDS, "created", "not one plain SELECT"),
        (f"SELECT 1; SELECT id FROM charges WHERE {BOUNDS}", "created", "not one plain SELECT"),
        (f"(SELECT id FROM charges WHERE {BOUNDS}) LIMIT 1", "created", "not one plain SELECT"),
        ("SELECT id FROM charges", "created", "half-open"),
        # Sound, but parts of a day would be empty or the whole of it: nothing would get smaller.
        ("SELECT id FROM charges WHERE created >= :day_start AND created < :day_end", "created", "half-open"),
        ("SELECT id FROM charges WHERE updated >= :start AND updated < :end", "created", "bounds updated"),
        (
            "SELECT c.id FROM charges AS c WHERE c.created >= :start AND c.created < :end",
            "o.created",
            "bounds c.created",
        ),
        (f"SELECT guess(id) FROM charges WHERE {BOUNDS}", "created", "calls guess()"),
        (f"SELECT * FROM TABLE(sequence(1, 9)) WHERE {BOUNDS}", "created", "table function"),
        (
            "SELECT * FROM charges MATCH_RECOGNIZE (ORDER BY created MEASURES A.k AS y PATTERN (A) DEFINE A AS k > 1)"
            f" WHERE {BOUNDS}",
            "created",
            "MATCH_RECOGNIZE",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(sql: str, on: str, why: str) -> None:
    assert any(why in reason for reason in judged(sql, on)), judged(sql, on)


def test_the_advice_says_how_to_write_the_window() -> None:
    (reason,) = judged("SELECT id FROM charges WHERE created BETWEEN :start AND :end")
    assert "`created >= {{ window.start }} AND created < {{ window.end }}`" in reason
