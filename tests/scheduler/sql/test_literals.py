from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from forebay.scheduler.sql.literals import date_literal, literal

BERLIN_SUMMER = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("usd", "'usd'"),
        ("it's", "'it''s'"),
        ("", "''"),
        ("\\'--", "'\\''--'"),
        (5, "5"),
        (-5, "(-5)"),
        (2**63 - 1, "9223372036854775807"),
        (-(2**63), "DECIMAL '-9223372036854775808'"),
        (0.1, "0.1"),
        (-1e-7, "(-1E-07)"),
        (Decimal("-1.50"), "DECIMAL '-1.50'"),
        (Decimal("1E+3"), "DECIMAL '1000'"),
        (True, "TRUE"),
        (False, "FALSE"),
        (None, "NULL"),
        (date(2026, 10, 1), "DATE '2026-10-01'"),
        (datetime(2026, 10, 1, tzinfo=UTC), "TIMESTAMP '2026-10-01 00:00:00'"),
        (datetime(2026, 10, 1, tzinfo=BERLIN_SUMMER), "TIMESTAMP '2026-09-30 22:00:00'"),
        (datetime(26, 1, 1, 0, 0, 0, 5000, tzinfo=UTC), "TIMESTAMP '0026-01-01 00:00:00.005'"),
        (["usd", "eur"], "'usd', 'eur'"),
        ([1, -1], "1, (-1)"),
    ],
)
def test_each_type_has_its_literal(value: object, written: str) -> None:
    assert literal(value) == written


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        (float("inf"), "no number"),
        (float("nan"), "no number"),
        (Decimal("NaN"), "no number"),
        (Decimal("1E+99"), "38 digits"),
        (Decimal("1E-40"), "38 digits"),
        (10**38, "38 digits"),
        (datetime(2026, 10, 1), "without a zone"),  # noqa: DTZ001
        (datetime(2026, 10, 1, 0, 0, 0, 1, tzinfo=UTC), "parts of a millisecond"),
        ([], "empty list"),
        ([[1]], "a list"),
        (["a", "\0"], "NUL"),
        ({"a": 1}, "type dict"),
        (b"a", "type bytes"),
    ],
)
def test_what_has_no_safe_literal_is_refused(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        literal(value)


def test_the_date_of_a_moment_is_read_from_its_own_wall() -> None:
    midnight = datetime(2026, 10, 1, tzinfo=BERLIN_SUMMER)

    assert date_literal(midnight) == "DATE '2026-10-01'"
    assert date_literal(midnight.astimezone(UTC)) == "DATE '2026-09-30'"
    assert date_literal("2026-10-01") == date_literal(date(2026, 10, 1)) == "DATE '2026-10-01'"


@pytest.mark.parametrize("value", ["yesterday", "2026-10-01' OR 1=1", 20261001, None, ["2026-10-01"]])
def test_what_is_no_date_has_no_date_literal(value: object) -> None:
    with pytest.raises(ValueError, match=r"date"):
        date_literal(value)
