"""The form of a value is told apart from the value, and tells nothing of it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.comparing.value_forms import form_of, without_form

FORMS = {
    "": "empty",
    "12": "whole number",
    "-7": "whole number",
    "12.50": "decimal with 2 digits",
    "0.5": "decimal with 1 digit",
    "1.0E2": "number with an exponent",
    "007": "text",
    "1,5": "text",
    "ch_123": "text",
    "true": "boolean in small letters",
    "TRUE": "boolean in capitals",
    "2026-08-04": "date",
    "2026-02-30": "text",
    "2026-08-04 00:00:00.000": "timestamp with a blank and no zone, 3 digits",
    "2026-08-04T00:00:00Z": "timestamp with T and Z",
    "2026-08-04 00:00:00.000 UTC": "timestamp with a blank and UTC, 3 digits",
    "2026-08-04T02:00:00+02:00": "timestamp with T and an offset",
}


@pytest.mark.parametrize(("text", "form"), FORMS.items())
def test_a_form_is_named(text: str, form: str) -> None:
    assert form_of(text) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.50", "1.5000"),
        ("2.00", "2"),
        ("100.0", "1.0E2"),
        ("0.0", "0"),
        ("-0.0", "0"),
        ("true", "TRUE"),
        ("2026-08-04 00:00:00.000", "2026-08-04T00:00:00Z"),
        ("2026-08-04T02:00:00.500+02:00", "2026-08-04 00:00:00.500000"),
        ("2026-08-04", "2026-08-04 00:00:00"),
    ],
)
def test_what_differs_in_form_alone_is_the_same_value(one: str, other: str) -> None:
    assert without_form(one) == without_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.50", "1.51"),
        ("15", "1.5"),
        ("10", "1"),
        ("007", "7"),
        ("", "0"),
        ("a", "A"),
        ("2026-08-04T00:00:00Z", "2026-08-04T00:00:00+01:00"),
        ("2026-08-04T00:00:00.001Z", "2026-08-04T00:00:00Z"),
    ],
)
def test_what_is_another_value_stays_one(one: str, other: str) -> None:
    assert without_form(one) != without_form(other)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.integers(0, 6))
def test_two_numbers_are_the_same_exactly_if_they_are_equal(number: Decimal, zeros: int) -> None:
    text = f"{number:f}"
    assert without_form(text) == without_form(text + "0" * zeros)
    assert without_form(f"{number + Decimal('0.000001'):f}") != without_form(text)


@given(st.integers(0, 10**14), st.integers(-720, 720))
def test_an_instant_is_the_same_in_each_zone(micros: int, minutes: int) -> None:
    moment = datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=micros)
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert without_form(there.isoformat()) == without_form(moment.replace(tzinfo=None).isoformat(" "))


@given(st.text())
def test_no_text_is_too_odd_and_no_form_quotes_it(text: str) -> None:
    without_form(text)
    form = form_of(text)
    assert form == "text" or any(form.startswith(kind.split(" with")[0].split(" in")[0]) for kind in FORMS.values())
