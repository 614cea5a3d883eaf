"""What each check says of a result, and that it never quotes a row."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.result_columns import Nulls
from forebay.landing.formats.stored_table import StoredColumn, StoredTable
from forebay.landing.manifest import ByAccountPart, CsvPart, Manifest, ObjectPart
from forebay.scheduler.closing.checks import Reading, Result, check
from forebay.store.ledger.batch_policy import Checks
from forebay.store.ledger.outcomes import Check
from forebay.store.ledger.records import Item

STORED: dict[str, bytes] = {}


def stored(key: str) -> Iterator[bytes]:
    yield STORED[key]


READING = Reading(open=stored, keep=lambda: None)


def landed(csv: str, *, name: str = "fees", records: int | str | None = "counted") -> Manifest:
    """A result with this content."""
    data = csv.encode()
    lines = csv.splitlines()
    key = f"b1/{name}-{hashlib.sha256(data).hexdigest()[:8]}.csv"
    STORED[key] = data
    sha256 = hashlib.sha256(data).hexdigest()
    return Manifest(
        batch="b1",
        lane="default:test",
        run="b1/0",
        name=name,
        account=None,
        attempt=0,
        query_run="qryrun_1",
        sql_sha256=sha256,
        object=ObjectPart(key=key, url=f"file:///{key}", format="csv", bytes=len(data), sha256=sha256),
        csv=CsvPart(
            bytes=len(data),
            sha256=sha256,
            records=max(0, len(lines) - 1) if records == "counted" else records,  # type: ignore[arg-type]
            columns=tuple(lines[0].split(",")) if lines else (),
        ),
        compress=True,
        submitted_at=None,
        ended_at=None,
        landed_at=datetime(2026, 1, 1, tzinfo=UTC),
        livemode=False,
        api_version="x",
        request_ids=(),
    )


def numbered(records: int) -> Manifest:
    return landed("n\n", records=records)


def checked(
    manifest: Manifest,
    *,
    earlier: Manifest | None = None,
    tie: Manifest | None = None,
    parts: tuple[Manifest, ...] = (),
    **checks: Any,
) -> Check:
    """The only check that was asked for."""
    item = Item(name="fees", sql="SELECT 1", account="acct_1")
    result = Result(item=item, manifest=manifest, earlier=earlier, tie=tie, stored=parts or (manifest,))
    (answer,) = check(Checks(**checks), result, READING)
    assert (answer.name, answer.account) == ("fees", "acct_1")
    return answer


def test_without_checks_nothing_is_checked() -> None:
    landed_so, item = numbered(1), Item(name="fees", sql="", account=None)
    result = Result(item=item, manifest=landed_so, earlier=None, tie=None, stored=(landed_so,))
    assert list(check(Checks(), result, READING)) == []


class TestColumns:
    @pytest.mark.parametrize(
        ("header", "ok", "words"),
        [
            ("a,b", True, "2 columns as they should be"),
            ("a", False, "missing b"),
            ("a,b,c", False, "new c"),
            ("a,c", False, "missing b; new c"),
            ("b,a", False, "the same columns in another order: b, a"),
        ],
    )
    def test_they_are_the_wanted_ones_in_their_order(self, header: str, ok: bool, words: str) -> None:
        result = checked(landed(f"{header}\n"), columns=("a", "b"))
        assert (result.check, result.ok, result.finding) == ("columns", ok, words)

    def test_a_contract_is_the_last_windows_columns(self) -> None:
        assert checked(landed("a,b\n"), columns="contract", earlier=landed("a,b\n")).ok
        assert not checked(landed("a,b\n"), columns="contract", earlier=landed("a\n")).ok

    def test_the_first_window_makes_the_contract(self) -> None:
        answer = checked(landed("a,b\n"), columns="contract")
        assert answer.ok and "no earlier window" in answer.finding

    def test_each_part_has_them(self) -> None:
        good, bad = landed("a,b\n"), landed("a,x\n")
        assert checked(good, parts=(good, good), columns=("a", "b")).ok
        assert checked(good, parts=(good, bad), columns=("a", "b")).finding == "missing b; new x"


class TestRows:
    @given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
    def test_they_are_within_the_bounds(self, records: int, least: int, most: int) -> None:
        result = checked(numbered(records), rows_min=least, rows_max=most)
        assert result.ok == (least <= records <= most)
        assert result.finding.startswith(f"{records} records")

    def test_what_cannot_be_counted_fulfils_no_bound(self) -> None:
        answer = checked(landed("n\n", records=None), rows_max=10)
        assert not answer.ok and "cannot be counted" in answer.finding


class TestChange:
    @given(st.integers(1, 1000), st.integers(0, 2000), st.sampled_from([0.1, 0.25, 0.5, 1.0]))
    def test_it_is_a_share_of_what_was(self, before: int, now: int, most: float) -> None:
        result = checked(numbered(now), earlier=numbered(before), rows_max_change=most)
        assert result.ok == (abs(now - before) / before <= most)

    @pytest.mark.parametrize("earlier", [None, numbered(0), landed("n\n", records=None)])
    def test_where_there_is_nothing_to_compare_with_it_holds_and_says_so(self, earlier: Manifest | None) -> None:
        answer = checked(numbered(5), earlier=earlier, rows_max_change=0.1)
        assert answer.ok and ("not compared" in answer.finding or "no earlier window" in answer.finding)

    def test_what_cannot_be_counted_is_not_compared(self) -> None:
        assert not checked(landed("n\n", records=None), earlier=numbered(5), rows_max_change=0.1).ok


class TestTieOut:
    FEES = landed("id,amount,fee\na,10.50,1\nb,19.50,\n")

    @pytest.mark.parametrize(
        ("tie", "words"),
        [
            ("records,amount\n2,30\n", "records, amount as in the tie-out"),
            ("amount,fee\n30.00,1\n", "amount, fee as in the tie-out"),
            ("records\n3\n", "2 records landed, and the tie-out counts 3"),
            ("records,amount\n2,30.01\n", "amount sums up to 30.00, and to 30.01 in the tie-out"),
            ("records,amount\n1,1\n", "2 records landed, and the tie-out counts 1; amount sums up to 30.00, and to 1"),
            ("records,tax\n2,0\n", "the result has no column tax"),
            ("records,amount\n2,many\n", "'amount' of the tie-out is no number"),
            ("records\n", "its tie-out did not give exactly one row"),
            ("records\n2\n2\n", "its tie-out did not give exactly one row"),
            ("", "its tie-out did not give exactly one row"),
        ],
    )
    def test_records_and_sums_are_those_of_the_tie_out(self, tie: str, words: str) -> None:
        result = checked(self.FEES, tie=landed(tie, name="tie"), tie_out=True)
        assert result.finding.startswith(words)
        assert result.ok == words.endswith("as in the tie-out")

    def test_the_sum_of_nothing_is_null(self) -> None:
        empty, tie = landed("id,amount\n"), landed("records,amount\n0,\n", name="tie")
        assert checked(empty, tie=tie, tie_out=True).ok

    def test_without_one_nothing_is_proven(self) -> None:
        assert not checked(self.FEES, tie_out=True).ok

    def test_it_is_the_sum_of_all_parts(self) -> None:
        one, two = landed("id,amount\na,1\n"), landed("id,amount\nb,2\n")
        whole = landed("id,amount\n", records=2)
        assert checked(whole, parts=(one, two), tie=landed("records,amount\n2,3\n", name="tie"), tie_out=True).ok

    def test_no_value_is_quoted(self) -> None:
        result = checked(landed("id,amount\na,secret\n"), tie=landed("amount\n1\n", name="tie"), tie_out=True)
        assert result.finding == "column amount of record 1 is no number"


class TestTypes:
    def stored(self, *columns: StoredColumn) -> Manifest:
        table = StoredTable(columns=columns, nulls=Nulls.EMPTY, row_groups=1)
        return numbered(1).model_copy(update={"table": table})

    def test_what_fits_is_told_with_its_types(self) -> None:
        text, number = StoredColumn(name="id", type="text"), StoredColumn(name="n", type="bigint")

        assert checked(self.stored(text, number), types=True).finding == "all values fit: n bigint"
        assert checked(self.stored(text), types=True).finding == "all values fit: all columns are text"
        assert checked(numbered(1), types=True).ok

    def test_what_does_not_fit_is_told_of_each_part(self) -> None:
        good = StoredColumn(name="n", type="bigint")
        bad = StoredColumn(name="n", type="text", misfit="row 7 of column 'n' is no bigint")

        answer = checked(self.stored(good), parts=(self.stored(good), self.stored(bad)), types=True)

        assert (answer.ok, answer.check) == (False, "types")
        assert answer.finding == (
            "row 7 of column 'n' is no bigint; stored as text; mend `columns` in the spec and run it again, "
            "or release it as it is"
        )


def of_account(account: str | None, csv: str, *, problem: str | None = None) -> Manifest:
    whole = CsvPart(bytes=9, sha256="0" * 64, records=3, columns=("who", "n"))
    part = ByAccountPart(column="who", kept=False, of=2, csv=whole, problem=problem)
    return landed(csv).model_copy(update={"account": account, "by_account": part})


def test_a_result_that_was_sorted_says_how_many_accounts_have_records() -> None:
    parts = (of_account("acct_1", "n\n1\n"), of_account("acct_2", "n\n"))
    answer = checked(parts[0], parts=parts, accounts=True)
    assert (answer.ok, answer.finding) == (True, "each record names an account, 1 of them in all")


def test_what_names_no_account_fails_the_check_with_the_reason_and_the_way_out() -> None:
    parts = (of_account("acct_1", "n\n1\n"), of_account(None, "who,n\n,2\n", problem="1 of its records names none"))
    answer = checked(parts[0], parts=parts, accounts=True)
    assert not answer.ok
    assert answer.finding.startswith("1 of its records names none; mend the SQL or `by_account` in the spec")


def test_a_result_that_an_older_worker_landed_as_one_was_not_sorted() -> None:
    answer = checked(landed("who,n\nacct_1,1\n"), accounts=True)
    assert not answer.ok and answer.finding.startswith("it was not sorted by account")


def test_misfits_of_hundreds_of_accounts_are_named_by_account_and_not_all_of_them() -> None:
    column = StoredColumn(name="n", type="text", misfit="row 1 of column 'n' is no bigint")
    table = StoredTable(columns=(column,), nulls=Nulls.EMPTY, row_groups=1)
    parts = tuple(of_account(f"acct_{number}", "n\nx\n").model_copy(update={"table": table}) for number in range(300))
    answer = checked(parts[0], parts=parts, types=True)
    assert not answer.ok
    assert answer.finding.startswith("acct_0: row 1 of column 'n' is no bigint; acct_1: row 1")
    assert "and 280 more; stored as text" in answer.finding
