"""The month end's reports: one layout, and every report is what its tie-out finds by another way."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.config.document.load_spec import load_spec
from forebay.scheduler.sql.template import parse
from tests.sandbox.driver import ORGANIZATION_KEY, Api

FOLDER = Path(__file__).parents[2] / "examples" / "month-end"
REPORTS = sorted((FOLDER / "reports").glob("*.sql"))
ACCOUNTS = ("acct_sandbox0001", "acct_sandbox0002")
OCTOBER = {"window.start": datetime(2026, 10, 1, tzinfo=UTC), "window.end": datetime(2026, 11, 1, tzinfo=UTC)}
SEPTEMBER = {"window.start": datetime(2026, 9, 1, tzinfo=UTC), "window.end": datetime(2026, 10, 1, tzinfo=UTC)}

each_report = pytest.mark.parametrize("report", REPORTS, ids=[path.stem for path in REPORTS])


def rows(api: Api, path: Path, account: str, window: dict[str, datetime] = OCTOBER) -> list[dict[str, str]]:
    sql = parse(path.read_text(), origin=path.name).render(window)
    text = api.csv(sql, key=ORGANIZATION_KEY, Stripe_Context=account)
    return list(csv.DictReader(io.StringIO(text)))


def total(found: list[dict[str, str]], column: str) -> int:
    return sum(int(row[column]) for row in found)


def test_there_are_twelve_and_each_has_its_tie_out() -> None:
    assert len(REPORTS) == 12
    assert [path.name for path in REPORTS] == [path.name for path in sorted((FOLDER / "tie-out").glob("*.sql"))]


@each_report
def test_a_report_says_what_it_is_and_has_the_layout_that_the_spec_asks_for(api: Api, report: Path) -> None:
    assert report.read_text().startswith("-- ")
    checks = load_spec(FOLDER / "forebay.yaml").spec.batches["month_end"].checks
    assert checks is not None
    sql = parse(report.read_text(), origin=report.name).render(OCTOBER)
    assert api.csv(sql).splitlines()[0].split(",") == checks.columns


@each_report
@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_report_adds_up_and_is_tied_out(api: Api, report: Path, account: str) -> None:
    found = rows(api, report, account)
    for row in found:
        assert int(row["amount"]) - int(row["fee"]) - int(row["tax"]) == int(row["net"])
    assert len({row["id"] for row in found}) == len(found)
    (tied,) = rows(api, FOLDER / "tie-out" / report.name, account)
    assert int(tied.pop("records")) == len(found)
    assert tied, "a tie-out compares at least one sum"
    assert {column: int(value) for column, value in tied.items()} == {column: total(found, column) for column in tied}


@each_report
def test_every_report_has_lines_for_the_largest_account(api: Api, report: Path) -> None:
    assert rows(api, report, ACCOUNTS[0])


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_reports_agree_with_each_other(api: Api, account: str) -> None:
    def net(name: str, window: dict[str, datetime] = OCTOBER) -> int:
        return total(rows(api, FOLDER / "reports" / f"{name}.sql", account, window), "net")

    activity = net("balance_activity")
    assert net("closing_balance", SEPTEMBER) + activity == net("closing_balance")
    assert net("charges") + net("refunds") + net("disputes") + net("payouts") == activity
    assert net("payout_lines") == -net("payouts")
    # What was invoiced is either recognized or still deferred.
    assert net("deferred_revenue", SEPTEMBER) + net("invoices") - net("recognized_revenue") == net("deferred_revenue")


def test_the_group_is_of_accounts_that_the_sandbox_has() -> None:
    listed = list(csv.DictReader(io.StringIO((FOLDER / "accounts.csv").read_text())))
    chosen = [row["account"] for row in listed if "close" in row["tags"].split()]
    assert chosen == [f"acct_sandbox{number:04d}" for number in range(1, 39)]
