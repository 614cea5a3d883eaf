"""Which items take the key of a run that was accepted before them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import tokenize
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import TokenType

from forebay.config.stripe import Api
from forebay.governor.deployment.shared_runs import LaneQuery, SharedRuns
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.batches.sharing import PAGE, Sharing, count_shared, may_be_shared, query_of, shared
from forebay.scheduler.sql.catalog import Catalog
from forebay.store.ledger.records import Item

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
DAY = Sharing(max_age=timedelta(days=1))
FRESH = Sharing(max_age=timedelta(days=1), fresh=True)


def item(sql: str, account: str | None = None, name: str = "q") -> Item:
    return Item(name=name, sql=sql, account=account)


def shares(
    valkey: redis.Redis,
    batch: str,
    items: Iterable[Item],
    *,
    lane: str = "l",
    how: Sharing = DAY,
    api: Api = Api.REPORTING,
) -> list[str | None]:
    return [item.share for _, item in shared(valkey, batch, ((lane, one) for one in items), how, api)]


def count(valkey: redis.Redis, items: Iterable[Item], how: Sharing) -> int:
    return count_shared(valkey, (("l", one) for one in items), how, Api.REPORTING)


def make_older(valkey: redis.Redis, by: timedelta) -> None:
    """Every shared run was accepted so much earlier."""
    for key in valkey.keys("fb:{l}:share:*"):
        accepted_ms, _, run = valkey.get(key).partition(" ")
        valkey.set(key, f"{int(accepted_ms) - by // timedelta(milliseconds=1)} {run}", keepttl=True)


def test_the_first_run_is_shared_by_later_ones(valkey: redis.Redis) -> None:
    assert shares(valkey, "b1", [item("SELECT 1"), item("SELECT 2")]) == [None, None]
    assert shares(valkey, "b2", [item("SELECT 2"), item("SELECT 3"), item("SELECT 1")]) == ["b1/1", None, "b1/0"]
    assert shares(valkey, "b3", [item("SELECT 3")]) == ["b2/1"]


def test_one_batch_shares_with_itself(valkey: redis.Redis) -> None:
    assert shares(valkey, "b1", [item("SELECT 1", name="a"), item("SELECT 1", name="b")]) == [None, "b1/0"]


def test_the_same_batch_again_gets_the_same_answers(valkey: redis.Redis) -> None:
    shares(valkey, "b0", [item("SELECT 2")])
    first = shares(valkey, "b1", [item("SELECT 1"), item("SELECT 2")])

    assert shares(valkey, "b1", [item("SELECT 1"), item("SELECT 2")]) == first == [None, "b0/0"]


@pytest.mark.parametrize(
    ("other", "lane"),
    [
        (item("SELECT 1", "acct_2"), "l"),
        (item("SELECT 1"), "l"),
        (item("SELECT 1 ", "acct_1"), "l"),
        (item("SELECT 1", "acct_1"), "m"),
    ],
)
def test_another_account_text_or_lane_is_another_query(valkey: redis.Redis, other: Item, lane: str) -> None:
    shares(valkey, "b1", [item("SELECT 1", "acct_1")])

    assert shares(valkey, "b2", [other], lane=lane) == [None]


def test_indexes_are_counted_for_each_lane_and_across_pages(valkey: redis.Redis) -> None:
    pairs = [(lane, item(f"SELECT {n}")) for n in range(PAGE) for lane in ("l", "m")]
    list(shared(valkey, "b1", pairs, DAY, Api.REPORTING))

    shares = [one.share for _, one in shared(valkey, "b2", reversed(pairs), DAY, Api.REPORTING)]

    assert shares == [f"b1/{n}" for n in reversed(range(PAGE)) for _ in "lm"]


def test_how_old_is_too_old_is_for_the_one_to_say_who_shares(valkey: redis.Redis) -> None:
    week, hour = (Sharing(max_age=timedelta(hours=hours)) for hours in (7 * 24, 1))
    shares(valkey, "b1", [item("SELECT 1")], how=week)
    make_older(valkey, timedelta(hours=2))

    assert count(valkey, [item("SELECT 1")], hour) == 0
    assert count(valkey, [item("SELECT 1")], week) == 1
    assert shares(valkey, "b2", [item("SELECT 1")], how=week) == ["b1/0"]
    assert shares(valkey, "b3", [item("SELECT 1")], how=hour) == [None], (
        "two hours are too old, though the first kept a week"
    )
    assert shares(valkey, "b4", [item("SELECT 1")], how=week) == ["b3/0"], "the younger one is shared"


def test_a_run_from_before_a_clock_was_set_back_is_of_no_known_age(valkey: redis.Redis) -> None:
    shares(valkey, "b1", [item("SELECT 1")])
    make_older(valkey, timedelta(minutes=-10))
    assert count(valkey, [item("SELECT 1")], Sharing(max_age=timedelta(hours=1))) == 0
    assert shares(valkey, "b2", [item("SELECT 1")]) == [None]


def test_sharing_makes_no_run_younger_and_none_is_shared_for_ever(valkey: redis.Redis) -> None:
    shares(valkey, "b1", [item("SELECT 1")])
    make_older(valkey, timedelta(hours=23))
    assert shares(valkey, "b2", [item("SELECT 1")]) == ["b1/0"]
    make_older(valkey, timedelta(hours=1))

    assert shares(valkey, "b3", [item("SELECT 1")]) == [None]
    (key,) = valkey.keys("fb:{l}:share:*")
    assert 0 < valkey.pttl(key) <= 7 * 24 * 3600 * 1000


def test_a_run_of_another_generation_of_the_api_is_not_shared(valkey: redis.Redis) -> None:
    shares(valkey, "b1", [item("SELECT 1")])
    assert shares(valkey, "b2", [item("SELECT 1")], api=Api.DATA) == [None]
    assert shares(valkey, "b3", [item("SELECT 1")], api=Api.DATA) == ["b2/0"]
    assert shares(valkey, "b4", [item("SELECT 1")]) == ["b1/0"]


def told(**times: datetime | None) -> Catalog:
    tables = tuple(
        Table(name=name, columns=(Column(name="id", type=""),), refreshed_at=at) for name, at in times.items()
    )
    return Catalog(api_base="https://api.stripe.com", fetched_at=NOON, tables=tables)


#: Of whose tables was told.
OF_EACH = (["acct_1"], ["acct_1", "acct_2"])


def until_moved(catalog: Catalog | None) -> Sharing:
    return replace(DAY, until_data_moves=True, catalogs={None: catalog} if catalog else {})


def test_a_run_is_shared_until_the_tables_that_its_sql_reads_have_newer_data(valkey: redis.Redis) -> None:
    before, other = told(charges=NOON, fees=NOON), told(charges=NOON, fees=NOON + timedelta(hours=3))
    charges, fees = item("SELECT id FROM charges"), item("SELECT id FROM charges JOIN fees USING (id)")

    assert shares(valkey, "b1", [charges, fees], how=until_moved(before)) == [None, None]
    both = shares(valkey, "b2", [charges, fees], how=until_moved(before))
    assert [run and run.partition("#")[0] for run in both] == ["b1/0", "b1/1"]
    assert count(valkey, [charges, fees], until_moved(other)) == 1
    assert shares(valkey, "b3", [charges, fees], how=until_moved(other)) == [both[0], None]
    assert shares(valkey, "b4", [charges], how=DAY) == [None], "who does not go by data shares with those alike"


@pytest.mark.parametrize("catalog", [None, told(charges=None), told(elsewhere=NOON)])
def test_where_it_is_not_told_whether_data_moved_no_run_is_shared(valkey: redis.Redis, catalog: Catalog | None) -> None:
    for batch in ("b1", "b2"):
        assert shares(valkey, batch, [item("SELECT id FROM charges")], how=until_moved(catalog)) == [None]
    assert count(valkey, [item("SELECT id FROM charges")], until_moved(catalog)) == 0
    assert valkey.keys("fb:{l}:share:*") == []


def test_without_a_list_of_tables_a_run_is_shared_until_another_run_saw_newer_data(valkey: redis.Redis) -> None:
    one = [item("SELECT id FROM charges")]
    first, later = (replace(until_moved(None), seen={None: NOON + timedelta(hours=hours)}) for hours in (0, 3))

    assert shares(valkey, "b1", one, how=first) == [None]
    assert shares(valkey, "b2", one, how=first) == [f"b1/0#{NOON.isoformat()}"]
    assert count(valkey, one, later) == 0
    assert shares(valkey, "b3", one, how=later) == [None]


def test_newer_data_of_one_account_end_the_sharing_of_that_account_alone(valkey: redis.Redis) -> None:
    both = [item("SELECT id FROM charges", account) for account in ("acct_1", "acct_2")]
    seen = {"acct_1": NOON, "acct_2": NOON}
    shares(valkey, "b1", both, how=replace(until_moved(None), seen=seen))

    moved = replace(until_moved(None), seen=seen | {"acct_2": NOON + timedelta(hours=3)})
    assert shares(valkey, "b2", both, how=moved) == [f"b1/0#{NOON.isoformat()}", None]
    untold = replace(until_moved(None), seen={"acct_1": NOON})
    assert shares(valkey, "b3", both, how=untold) == [f"b1/0#{NOON.isoformat()}", None], (
        "nobody told of the other one's"
    )


def test_a_batch_whose_first_submitter_died_asks_anew_once_data_moved_though_another_shares_what_it_would_have_asked(
    valkey: redis.Redis,
) -> None:
    """What was shared then saw the data of then; the batch that exists now sees those of now."""
    before, after = (until_moved(told(charges=NOON + timedelta(hours=hours))) for hours in (0, 3))
    query = item("SELECT id FROM charges")
    shares(valkey, "b1", [query], how=before)  # and died before there was a batch
    (taken,) = shares(valkey, "b2", [query], how=before)
    assert taken

    ((_, again),) = shared(valkey, "b1", [("l", query)], after, Api.REPORTING)

    assert again.share is None
    assert again.created_as("b1/0") != taken


def test_a_record_from_before_keys_told_of_data_keeps_its_key() -> None:
    assert replace(item("SELECT 1"), data_state="4f").created_as("b1/0") == "b1/0"


def test_what_one_accounts_tables_tell_is_told_of_no_other_account(valkey: redis.Redis) -> None:
    both = [item("SELECT id FROM charges", account) for account in ("acct_1", "acct_2")]
    one, two = (replace(DAY, until_data_moves=True, catalogs=dict.fromkeys(of, told(charges=NOON))) for of in OF_EACH)

    assert shares(valkey, "b1", both, how=one) == [None, None]
    first, second = shares(valkey, "b2", both, how=one)
    assert (first is not None, second) == (True, None), "nobody told of the other one's data"
    shares(valkey, "b3", both, how=two)
    assert None not in shares(valkey, "b4", both, how=two)
    seen = replace(one, seen={"acct_2": NOON})
    shares(valkey, "b5", both, how=seen)
    assert None not in shares(valkey, "b6", both, how=seen), "runs tell of those of whom nobody was asked"


def test_an_item_keeps_by_which_data_it_shares_so_that_its_failure_releases_its_run(valkey: redis.Redis) -> None:
    pairs = [("l", item("SELECT id FROM charges"))]
    ((_, kept),) = shared(valkey, "b1", pairs, until_moved(told(charges=NOON)), Api.REPORTING)
    assert kept.data_state

    SharedRuns(valkey).release(query_of("l", kept, Api.REPORTING), kept.created_as("b1/0"))
    assert shares(valkey, "b2", [item("SELECT id FROM charges")], how=until_moved(told(charges=NOON))) == [None]


def test_a_run_that_was_released_is_shared_no_more_and_only_its_own_name_releases_it(valkey: redis.Redis) -> None:
    query, shared_runs = LaneQuery("l", None, "SELECT 1"), SharedRuns(valkey)
    shares(valkey, "b1", [item("SELECT 1")])

    shared_runs.release(query, "b2/0")
    assert shares(valkey, "b3", [item("SELECT 1")]) == ["b1/0"]
    shared_runs.release(query, "b1/0")
    assert shares(valkey, "b4", [item("SELECT 1")]) == [None]
    shared_runs.release(query, "b1/0")
    assert shares(valkey, "b5", [item("SELECT 1")]) == ["b4/0"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # flushed at each
@given(st.lists(st.sampled_from(["SELECT 1", "SELECT 2", "SELECT now()"]), max_size=6), st.integers(0, 2))
def test_what_is_counted_beforehand_is_what_is_shared(valkey: redis.Redis, texts: list[str], before: int) -> None:
    valkey.flushall()
    shares(valkey, "b0", [item(f"SELECT {number}") for number in range(1, before + 1)])
    items = [item(text, name=f"q{number}") for number, text in enumerate(texts)]

    foretold = count(valkey, items, DAY)

    assert foretold == sum(share is not None for share in shares(valkey, "b1", items))
    assert count(valkey, items, FRESH) == 0


def test_a_fresh_batch_shares_nothing_and_is_shared_from_then_on(valkey: redis.Redis) -> None:
    shares(valkey, "b1", [item("SELECT 1")])

    assert shares(valkey, "b2", [item("SELECT 1")], how=FRESH) == [None]
    assert shares(valkey, "b3", [item("SELECT 1")]) == ["b2/0"]


def test_a_page_is_one_round_trip(valkey: redis.Redis) -> None:
    before = valkey.info("stats")["total_reads_processed"]
    shares(valkey, "b1", [item(f"SELECT {n}") for n in range(4 * PAGE)])

    # A large page may be read in several pieces by the server; singly they would be two thousand.
    assert valkey.info("stats")["total_reads_processed"] - before < 40


#: What of Trino gives another answer though the data is the same, as it is written in a query.
CHANGING = [
    *("now()", "current_date", "current_time", "current_time(3)", "current_timestamp", "current_timestamp(6)"),
    *("localtime", "localtime(3)", "localtimestamp", "localtimestamp(6)", "current_timezone()"),
    *("current_user", "current_groups()", "current_role", "current_catalog", "current_schema", "current_path"),
    *("random()", "random(10)", "random(1, 6)", "rand()", "rand(10)", "secure_random()", "secure_rand(0, 1)"),
    *("uuid()", "shuffle(ARRAY[1, 2])", "noisy_count_gaussian(x, 1.0)", "data_load_time"),
]


@pytest.mark.parametrize("call", CHANGING)
def test_sql_that_names_the_clock_chance_or_the_asker_is_not_shared(valkey: redis.Redis, call: str) -> None:
    for sql in (f"SELECT {call}", f"SELECT a FROM t WHERE b<{call.upper()}", f"SELECT f({call.title()}), 1 -- why"):
        assert not may_be_shared(sql)
    sql = f"SELECT {call}"
    assert shares(valkey, "b1", [item(sql), item("SELECT 1")]) == [None, None]
    assert shares(valkey, "b2", [item(sql), item("SELECT 1")]) == [None, "b1/1"]
    assert len(valkey.keys("fb:*")) == 1


@pytest.mark.parametrize("call", CHANGING)
def test_in_comments_and_strings_it_does_not_count(call: str) -> None:
    for sql in (
        f"SELECT 1 -- {call}",
        f"-- {call}\r\nSELECT 1",
        f"SELECT /* {call}\n{call} */ 1",
        f"SELECT '{call}'",
        f"SELECT 'it''s {call}', 'a' /* ' */ -- '\n, '{call}'",
    ):
        assert may_be_shared(sql), sql


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t TABLESAMPLE BERNOULLI (1)",
        'SELECT "now"()',  # a name in quotes is a name
        "SELECT '-- ', now()",
        "SELECT '/*', now(), '*/'",
        "SELECT 'it''s', now(), 'late'",
        """SELECT "a'b", now() AS "c'd\"""",
        'SELECT "a--b", now()',
        'SELECT "a""/*", now(), "*/"',
        "SELECT 1 -- that's it\n, now(), 'x'",
        "SELECT 1 -- that's it\r, now(), 'x'",
        "SELECT /* it's */ now(), '1'",
        "SELECT /* /* */ now() /* */",  # comments do not nest
        "SELECT now/**/()",
        "SELECT 1 /* never closed, now()",
        "SELECT 'never closed, now()",
    ],
)
def test_what_only_looks_like_a_comment_or_a_string_hides_nothing(sql: str) -> None:
    assert not may_be_shared(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT known, brand, nowhere, uuid_of_row, operand FROM grand_total",
        "SELECT to_unixtime(created)",
        "SELECT current_period_start, current_period_end FROM subscriptions",
        "SELECT approx_distinct(id), approx_percentile(amount, 0.5), arbitrary(currency) FROM charges LIMIT 10",
    ],
)
def test_names_that_only_look_alike_are_shared(sql: str) -> None:
    assert may_be_shared(sql)


@given(st.text("'\"-/*\n\rna ", max_size=14), st.text("'\"-/*\n\rna ", max_size=14))
def test_what_the_tokenizer_reads_as_a_name_is_never_overlooked(before: str, after: str) -> None:
    sql = f"{before} now() {after}"
    try:
        tokens = tokenize(sql, read="trino")
    except TokenError:
        return
    if any(token.text == "now" and token.token_type is not TokenType.STRING for token in tokens):
        assert not may_be_shared(sql)


@given(st.sampled_from(["now", "current_date", "Random", "UUID", "shuffle"]), st.text("ab_1 (,\n", max_size=5))
def test_a_changing_name_is_found_wherever_it_is_a_word(name: str, around: str) -> None:
    sql = f"SELECT ({around} {name}({around}"

    assert not may_be_shared(sql)
