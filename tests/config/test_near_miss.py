"""What was probably meant, in whatever case it was typed; else what is known."""

import pytest

from forebay.config.near_miss import did_you_mean, near_miss

KNOWN = ["Charges", "refunds"]


@pytest.mark.parametrize("typed", ["charge", "CHARGES", "Chrages"])
def test_the_nearest_word_is_named_as_it_is_spelled(typed: str) -> None:
    assert near_miss(typed, KNOWN) == did_you_mean(typed, KNOWN) == ", did you mean 'Charges'?"


def test_where_nothing_is_near_it_is_said_what_is_known() -> None:
    assert near_miss("payouts", KNOWN) == ""
    assert did_you_mean("payouts", KNOWN) == " (known here: Charges, refunds)"
