"""How both generations compare is told in a line a kind of difference, with the way on, and by the exit code."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from forebay.cli.exits import Exit
from forebay.cli.output.shadow_verdicts import exit_code, show, types_remark
from forebay.config.stripe import Api
from forebay.scheduler.comparing.row_differences import compare_rows
from forebay.scheduler.comparing.shadow_report import Comparison, FailedSide, LandedSide, ShadowReport, Verdict

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
FAILED = FailedSide(error_class="sql", code="query_run_invalid_sql")
ROWS = [["id", "amount"], ["a", "1.50"], ["b", "2.25"]]


def landed(records: int = 2, *, refreshed_at: datetime | None = None, seconds: int = 0) -> LandedSide:
    return LandedSide(
        query_run="q",
        submitted_at=NOW + timedelta(seconds=seconds),
        ended_at=NOW,
        refreshed_at=refreshed_at,
        bytes=1,
        sha256="0",
        records=records,
        columns=("id", "amount"),
        types={},
    )


def item(verdict: Verdict, *, rows: list[list[str]] | None = None, **more: object) -> Comparison:
    differences = compare_rows(iter(ROWS), iter(rows)) if rows else None
    sides = {"reporting": landed(), "data": landed(seconds=2)}
    return Comparison(**{"name": "fees", "account": "acct_1", "verdict": verdict, "rows": differences, **sides, **more})


def report_of(*items: Comparison) -> ShadowReport:
    batches = {api: f"shadow-fees.{api}" for api in Api}
    return ShadowReport(
        shadow="shadow-fees",
        definition="fees",
        window=None,
        compared_at=NOW,
        connection="acme",
        batches=batches,
        items=items,
    )


def lines_of(capsys: pytest.CaptureFixture[str], *items: Comparison) -> list[str]:
    show(report_of(*items), "s3://bucket/_shadow/shadow-fees.json")
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (item(Verdict.WRITTEN, rows=ROWS), "the same 2 records; quotes, line ends or a byte order mark differ"),
        (
            item(Verdict.ORDER, rows=[ROWS[0], ROWS[2], ROWS[1]]),
            "the same 2 records in another order; only an ORDER BY promises one",
        ),
        (
            item(Verdict.FORM, rows=[ROWS[0], ["a", "1.5"], ["b", "2.25"]]),
            "the same values in 2 records, written otherwise",
        ),
        (item(Verdict.COLUMNS, rows=[["id"], ["a"], ["b"]]), "2 records with other columns"),
        (
            item(Verdict.DIFFERENT, rows=[ROWS[0], ROWS[1], ["b", "9"]]),
            "2 records: 1 differs, record 2",
        ),
        (
            item(Verdict.DIFFERENT, rows=[ROWS[0], ["new", "9"], *ROWS[1:]]),
            "2 records by reporting, 3 by data: 0 in reporting alone, 1 in data alone",
        ),
        (
            item(Verdict.ONE_SIDE, data=FAILED),
            "reporting landed 2 records and data failed (sql, code query_run_invalid_sql)",
        ),
        (item(Verdict.NOT_COMPARED, note="one of the two was canceled"), "one of the two was canceled"),
    ],
)
def test_each_verdict_has_its_words(capsys: pytest.CaptureFixture[str], told: Comparison, said: str) -> None:
    assert lines_of(capsys, told)[0] == f"{told.verdict.replace('_', ' '):<14}fees (acct_1): {said}"


def test_columns_are_named_with_what_differs_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, item(Verdict.DIFFERENT, rows=[["amount", "fee"], ["1.5", "x"], ["7", "x"]]))
    assert [line.strip() for line in lines[1:4]] == [
        "columns in reporting alone: id",
        "columns in data alone: fee",
        "amount: 2 values differ, 1 of them in form alone"
        " (decimal with 2 digits by reporting, decimal with 1 digit or whole number by data)",
    ]


@pytest.mark.parametrize(
    ("reporting", "data", "said"),
    [
        (
            NOW,
            NOW + timedelta(hours=1),
            "the data moved in between: up to 2026-11-29 12:00:00Z by reporting, 2026-11-29 13:00:00Z by data; "
            "--again compares anew",
        ),
        (NOW, NOW, "both saw the data up to 2026-11-29 12:00:00Z: they did not move in between"),
        (
            None,
            NOW,
            "asked at 2026-11-29 12:00:00Z and 2026-11-29 12:00:02Z; data saw data up to 2026-11-29 12:00:00Z; "
            "whether data moved in between is not known: --again compares anew",
        ),
    ],
)
def test_of_other_values_the_times_are_told(
    capsys: pytest.CaptureFixture[str], reporting: datetime | None, data: datetime, said: str
) -> None:
    sides = {"reporting": landed(refreshed_at=reporting), "data": landed(refreshed_at=data, seconds=2)}
    lines = lines_of(capsys, item(Verdict.DIFFERENT, rows=[ROWS[0], ROWS[1], ["b", "9"]], **sides))
    assert said in [line.strip() for line in lines]


def test_what_differs_alike_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    def accounts() -> Iterator[Comparison]:
        for number in count(1):
            yield item(Verdict.FORM, rows=[ROWS[0], ["a", "1.5"], ["b", "2.2500"]], account=f"acct_{number}")

    items = [each for each, _ in zip(accounts(), range(38), strict=False)]
    lines = lines_of(capsys, *items, item(Verdict.EQUAL))
    assert [line.strip() for line in lines if "alike" in line] == ["alike in 37 others: acct_2, acct_3, acct_4 …"]
    assert "1 of 39 results are the same; 38 differ" in lines
    assert len(lines) == 7


def test_columns_that_parquet_would_store_otherwise_are_named_but_those_of_the_spec() -> None:
    typed = landed().model_copy(update={"types": {"id": "varchar", "amount": "bigint", "fee": "decimal"}})
    other = landed().model_copy(update={"types": {"id": "varchar", "amount": "double"}})
    found = report_of(item(Verdict.EQUAL, reporting=other, data=typed))
    assert types_remark(found, {"fee"}).endswith(": reporting and data tell amount (double, bigint)")
    assert types_remark(found, {"fee", "amount"}) == ""


def test_the_way_to_the_words_of_a_failure_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of(capsys, item(Verdict.ONE_SIDE, data=FAILED))[-1].endswith(
        "forebay show shadow-fees.data --failed says why data failed"
    )


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.EQUAL], Exit.OK),
        ([Verdict.EQUAL, Verdict.FAILED], Exit.SOME_FAILED),
        ([Verdict.NOT_COMPARED], Exit.SOME_FAILED),
        ([Verdict.FAILED, Verdict.WRITTEN], Exit.CHECKS),
        ([Verdict.EQUAL, Verdict.ONE_SIDE], Exit.CHECKS),
    ],
)
def test_the_exit_code_is_that_of_the_worst(verdicts: list[Verdict], code: Exit) -> None:
    assert exit_code(report_of(*map(item, verdicts))) is code
