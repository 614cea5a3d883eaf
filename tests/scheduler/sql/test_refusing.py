import pytest

from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.refusing import refuse_wrong

TABLES = {"charges": {"id": "varchar", "amount": "bigint", "paid": "boolean"}}


def test_the_first_thing_that_is_wrong_is_said_with_its_line_the_others_are_counted_and_the_way_out_is_told() -> None:
    sql = "SELECT nvl(amount, 0) AS a\nFROM charges\nWHERE paid = 1"

    with pytest.raises(InputError) as refused:
        refuse_wrong("fees", sql, tables=TABLES)

    assert str(refused.value) == (
        "fees: Trino has no nvl(); write coalesce(a, b) (and 1 more: `forebay validate` lists them); "
        "if Stripe takes it all the same, FOREBAY_CHECK_SQL=false sends it as it is"
    )


def test_a_line_behind_the_first_is_named() -> None:
    with pytest.raises(InputError, match=r"\(line 3 of the SQL\)"):
        refuse_wrong("fees", "SELECT id\nFROM charges\nWHERE paid = 1", tables=TABLES)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT newer_column FROM charges",
        "SELECT id FROM a_newer_table",
        "SELECT * FROM charges LIMIT 5",
        "SELECT a_function_of_stripes_own(id) AS x FROM charges",
        "SELECT id FROM charges;",
    ],
)
def test_what_the_schema_lacks_and_what_is_only_a_warning_refuses_nothing(sql: str) -> None:
    refuse_wrong("fees", sql, tables=TABLES)


def test_what_may_surprise_is_returned_but_for_what_is_mended() -> None:
    found = refuse_wrong("fees", "SELECT newer_column FROM charges LIMIT 5;", tables=TABLES)

    assert {each.rule for each in found} == {"column", "limit-order"}
