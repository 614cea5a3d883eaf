import pytest

from forebay.scheduler.definitions.lacking_columns import CountedOn
from forebay.scheduler.errors import InputError


def rules(sql: str, checked: list[str] | None = None, sorted_by: str | None = None, *, keeps_it: bool = False) -> str:
    counted_on = CountedOn(definition="d", checked=checked, sorted_by=sorted_by, keeps_it=keeps_it)
    return " ".join(finding.rule for finding in counted_on.lacking(sql))


def test_columns_that_are_checked_for_are_those_of_the_select_in_their_order() -> None:
    assert rules("SELECT id, amount AS Total FROM t", ["ID", "total"]) == ""
    assert rules("SELECT amount AS total, id FROM t", ["id", "total"]) == "columns"


def test_what_the_text_does_not_tell_is_not_held_against_it() -> None:
    for sql in ("SELECT * FROM t", "SELECT count(*) FROM t", "SELECT FROM"):
        assert rules(sql, ["id"], "merchant_id") == ""


def test_the_column_that_a_result_is_sorted_by_is_given_and_does_not_land_unless_it_is_kept() -> None:
    sql = "SELECT Merchant_Id, id FROM t"

    assert rules(sql, ["id"], "MERCHANT_ID") == ""
    assert rules(sql, ["id"], "merchant_id", keeps_it=True) == "columns"
    assert rules(sql, ["merchant_id", "id"], "merchant_id", keeps_it=True) == ""
    assert rules("SELECT id FROM t", ["id"], "merchant_id") == "by-account"


def test_whose_a_row_is_may_be_given_or_not() -> None:
    assert rules("SELECT account, id FROM t", ["id"]) == rules("SELECT id FROM t", ["account", "id"]) == ""


def test_a_refusal_says_where_and_the_way_out() -> None:
    counted_on = CountedOn(definition="d", checked=["id"], sorted_by=None)

    counted_on.refuse("q.sql", "SELECT id FROM t")
    with pytest.raises(InputError) as refused:
        counted_on.refuse("q.sql", "SELECT x FROM t")

    assert str(refused.value) == (
        "q.sql: d checks for columns id, and this SELECT gives x: its result would wait in quarantine; "
        "FOREBAY_CHECK_SQL=false runs it all the same"
    )
