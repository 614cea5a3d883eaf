"""Which items take the key of a run that was accepted before them."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from scheduler.sharing import PAGE, Sharing, may_be_shared, shared
from store.records import Item

DAY = Sharing(max_age=timedelta(days=1))
FRESH = Sharing(max_age=timedelta(days=1), fresh=True)


def item(sql: str, account: str | None = None, name: str = "q") -> Item:
    return Item(name=name, sql=sql, account=account)


def shares(
    valkey: redis.Redis, batch: str, items: Iterable[Item], *, lane: str = "l", how: Sharing = DAY
) -> list[str | None]:
    return [found.share for _, found in shared(valkey, batch, ((lane, one) for one in items), how)]


def test_the_first_run_leads_and_later_ones_share_it(valkey: redis.Redis) -> None:
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
    list(shared(valkey, "b1", pairs, DAY))

    found = [one.share for _, one in shared(valkey, "b2", reversed(pairs), DAY)]

    assert found == [f"b1/{n}" for n in reversed(range(PAGE)) for _ in "lm"]


def test_a_leader_is_forgotten_when_it_is_too_old(valkey: redis.Redis) -> None:
    shares(valkey, "b1", [item("SELECT 1")])
    (key,) = valkey.keys("fb:{l}:share:*")

    assert 0 < valkey.pttl(key) <= 24 * 3600 * 1000
    shares(valkey, "b2", [item("SELECT 1")])
    assert valkey.get(key) == "b1/0"  # sharing makes no run younger
    valkey.delete(key)
    assert shares(valkey, "b3", [item("SELECT 1")]) == [None]


def test_a_fresh_batch_shares_nothing_and_leads_from_then_on(valkey: redis.Redis) -> None:
    shares(valkey, "b1", [item("SELECT 1")])

    assert shares(valkey, "b2", [item("SELECT 1")], how=FRESH) == [None]
    assert shares(valkey, "b3", [item("SELECT 1")]) == ["b2/0"]


def test_a_page_is_one_round_trip(valkey: redis.Redis) -> None:
    before = valkey.info("stats")["total_reads_processed"]
    shares(valkey, "b1", [item(f"SELECT {n}") for n in range(4 * PAGE)])

    # A large page may be read in several pieces by the server; singly they would be two thousand.
    assert valkey.info("stats")["total_reads_processed"] - before < 40


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT now()",
        "SELECT CURRENT_DATE",
        "SELECT current_timestamp(3)",
        "SELECT x FROM t WHERE created > LOCALTIMESTAMP - INTERVAL '1' DAY",
        "SELECT random(), 1",
        "SELECT rand()",
        "SELECT secure_random()",
        "SELECT uuid()",
        "SELECT shuffle(a)",
        "SELECT * FROM t TABLESAMPLE BERNOULLI (1)",
        "SELECT data_load_time",
        "SELECT 1 -- as of now",
    ],
)
def test_sql_that_names_the_clock_or_chance_is_not_shared(valkey: redis.Redis, sql: str) -> None:
    assert not may_be_shared(sql)
    assert shares(valkey, "b1", [item(sql), item("SELECT 1")]) == [None, None]
    assert shares(valkey, "b2", [item(sql), item("SELECT 1")]) == [None, "b1/1"]
    assert len(valkey.keys("fb:*")) == 1


@pytest.mark.parametrize(
    "sql", ["SELECT known, brand, nowhere, uuid_of_row, operand FROM grand_total", "SELECT to_unixtime(created)"]
)
def test_names_that_only_look_alike_are_shared(sql: str) -> None:
    assert may_be_shared(sql)


@given(st.sampled_from(["now", "current_date", "Random", "UUID", "shuffle"]), st.text("ab_1 (,\n", max_size=5))
def test_a_changing_name_is_found_wherever_it_is_a_word(name: str, around: str) -> None:
    sql = f"SELECT ({around} {name}({around}"

    assert not may_be_shared(sql)
