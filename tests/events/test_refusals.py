"""Refusals are all counted, and told in one line a minute."""

import pytest

from forebay.events.refusals import Refusals


def test_the_first_is_told_at_once_and_the_rest_a_minute_later(caplog: pytest.LogCaptureFixture) -> None:
    now_s = [1_000.0]
    refusals = Refusals("webhooks", lambda: now_s[0])

    refusals.add("acme", "signed")
    for _ in range(5_000):
        refusals.add("acme", "signed")
    refusals.add("acme", "not_old")
    assert len(caplog.records) == 1
    now_s[0] += 60
    refusals.add("play", "too_large")

    assert [record.message for record in caplog.records] == [
        "webhooks were refused: 1 × signed (acme)",
        "webhooks were refused: 1 × not_old (acme), 5000 × signed (acme), 1 × too_large (play)",
    ]
    assert refusals.total == {("acme", "signed"): 5_001, ("acme", "not_old"): 1, ("play", "too_large"): 1}


def test_what_was_not_told_is_told_at_the_end_and_nothing_is_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals("webhooks", lambda: 0.0)
    refusals.add("acme", "signed")
    refusals.add("acme", "signed")

    refusals.tell()
    refusals.tell()

    assert [record.message for record in caplog.records] == ["webhooks were refused: 1 × signed (acme)"] * 2
