"""Failures of one cause are one line, whatever is a run's own in their words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.closing.grouping import MOST_GROUPS, MOST_NAMED, cause_of, grouped
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import FailureRecord, Item


def item(name: str = "fees", account: str | None = None) -> Item:
    return Item(name=name, sql="SELECT 1", account=account)


def failure(message: str, error_class: str = "sql") -> FailureRecord:
    return FailureRecord(
        attempt=0,
        error_class=FailureClass(error_class),
        code=None,
        message=message,
        query_run=None,
        request_id=None,
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_accounts_without_access_are_one_group_with_the_cause() -> None:
    accounts = [f"acct_1A2b3C4d{number:04d}" for number in range(300)]
    (group,) = grouped(
        (item(account=account), failure(f"The account {account} has no access (req_aBcDeF{number:06d}).", "auth"))
        for number, account in enumerate(accounts)
    )
    assert (group.error_class, group.count) == ("auth", 300)
    assert group.message == "The account … has no access (…)."
    assert group.accounts == tuple(accounts[:MOST_NAMED])
    assert group.names == ("fees",)


def test_other_words_or_another_class_are_another_cause_and_the_most_frequent_comes_first() -> None:
    groups = grouped(
        [
            (item("a"), failure("no column x")),
            (item("b"), failure("no column y")),
            (item("c"), failure("no column y")),
            (item("d"), failure("no column y", "request")),
        ]
    )
    causes = [(group.error_class, group.message, group.count) for group in groups]
    assert causes == [("sql", "no column y", 2), ("sql", "no column x", 1), ("request", "no column y", 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("run qryrun_1QwErTyU broke", "run qryrun_9AsDfGhJ broke"),
        ("request req_aaa1aa failed", "request req_Bbbbbb failed"),
        ("took 540012 ms", "took 533999 ms"),
        ("digest 0123456789abcdef0123", "digest fedcba98765432100000"),
        ("two\n lines", "two lines"),
    ],
)
def test_what_is_a_runs_own_makes_no_other_cause(one: str, other: str) -> None:
    assert cause_of(item(), failure(one)) == cause_of(item(), failure(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("line 1:8: no column", "line 2:8: no column"),
        ("no table charges", "no table refunds"),
        ("no column payment_intent", "no column payment_method"),
    ],
)
def test_what_tells_causes_apart_stays(one: str, other: str) -> None:
    assert cause_of(item(), failure(one)) != cause_of(item(), failure(other))


@given(st.lists(st.tuples(st.integers(0, 120), st.sampled_from(["sql", "auth"])), max_size=300))
def test_every_failure_is_counted_once_in_a_bounded_number_of_groups(failures: list[tuple[int, str]]) -> None:
    groups = grouped((item(f"q{cause}"), failure(f"cause {cause}", kind)) for cause, kind in failures)
    assert sum(group.count for group in groups) == len(failures)
    assert len(groups) <= MOST_GROUPS + 2
    for kind in ("sql", "auth"):
        wanted = sum(1 for _, of in failures if of == kind)
        assert sum(group.count for group in groups if group.error_class == kind) == wanted
    assert all(len(group.names) <= MOST_NAMED for group in groups)
