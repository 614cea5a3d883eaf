"""A row of the grid is an account where that makes a grid; else runs flow, as wide as the page is."""

from collections.abc import Sequence

import pytest

from forebay.cli.serving.grid_rows import FEWEST_COLUMNS, columns_of
from forebay.store.ledger.records import Item

ACCOUNTS = ("acct_1", "acct_2", "acct_3")


def by_account(reports: int, accounts: Sequence[str | None] = ACCOUNTS, *, tied: bool = False) -> list[Item]:
    return [item for account in accounts for n in range(reports) for item in _asked(f"r{n}", account, tied=tied)]


def by_report(reports: int, accounts: Sequence[str | None] = ACCOUNTS, *, tied: bool = False) -> list[Item]:
    return [item for n in range(reports) for account in accounts for item in _asked(f"r{n}", account, tied=tied)]


def _asked(name: str, account: str | None, *, tied: bool) -> list[Item]:
    item = Item(name=name, sql="SELECT 1", account=account)
    return [item, Item(name=f"{name}.tie_out", sql="SELECT 2", account=account, ties=name)] if tied else [item]


def test_many_reports_of_each_account_are_its_row() -> None:
    assert columns_of(by_account(FEWEST_COLUMNS)) == FEWEST_COLUMNS
    assert columns_of(by_account(100)) == 100


def test_a_query_and_what_ties_it_out_are_no_row_of_an_account() -> None:
    assert columns_of(by_report(12, tied=True)) == 0
    assert columns_of(by_account(FEWEST_COLUMNS - 1, tied=True)) == 0
    assert columns_of(by_account(FEWEST_COLUMNS, tied=True)) == 2 * FEWEST_COLUMNS, "what ties out stands in the row"


@pytest.mark.parametrize("reports", [1, 2, FEWEST_COLUMNS - 1])
def test_few_reports_of_each_account_flow(reports: int) -> None:
    assert columns_of(by_account(reports)) == 0


@pytest.mark.parametrize(
    "items",
    [
        [],
        by_account(50, ["acct_1"]),
        by_account(50, [None]),
        by_account(50, [None], tied=True),
        by_report(50),
        by_account(20, ["acct_1"]) + by_account(30, ["acct_2", "acct_3"]),
    ],
    ids=["nothing", "one account", "nobody", "nobody, tied out", "report by report", "one of whom less is asked"],
)
def test_what_does_not_come_account_by_account_flows(items: list[Item]) -> None:
    assert columns_of(items) == 0


def test_a_last_row_that_was_not_read_to_its_end_breaks_none() -> None:
    assert columns_of(by_account(20)[:-7]) == 20
