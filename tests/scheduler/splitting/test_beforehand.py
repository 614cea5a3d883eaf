"""What is cut before it runs: only what history says, and only what can be cut for certain."""

from datetime import timedelta

import pytest

from forebay.scheduler.batches.history import PastRun
from forebay.scheduler.splitting.beforehand import Beforehand
from forebay.store.ledger.batch_policy import Span, Splitting
from tests.scheduler.splitting.scene import DAY, TEXT, split


def day_before(gigabytes: float) -> PastRun:
    window = Span(start=DAY.start - timedelta(days=1), end=DAY.start)
    return PastRun(window=window, bytes=int(gigabytes * 1e9), seconds=60)


def parts(gigabytes: float, splitting: Splitting | None = None) -> int | None:
    return Beforehand(splitting or split(), {(None, "fees"): [day_before(gigabytes)]}).parts("fees", None)


@pytest.mark.parametrize(("gigabytes", "cut"), [(0.1, None), (3.9, None), (4.5, 2), (9, 4), (11, 8), (500, 24)])
def test_it_is_cut_into_at_least_as_many_parts_as_its_past_asks_for(gigabytes: float, cut: int | None) -> None:
    assert parts(gigabytes) == cut


def test_each_account_has_a_past_of_its_own() -> None:
    beforehand = Beforehand(split(), {("acct_1", "fees"): [day_before(6)], ("acct_2", "fees"): [day_before(1)]})
    assert [beforehand.parts("fees", account) for account in ("acct_1", "acct_2", "acct_3")] == [4, None, None]


def test_a_lookback_makes_the_window_that_is_cut_longer() -> None:
    assert parts(4.5, split(start=DAY.start - timedelta(days=3))) == 8


@pytest.mark.parametrize("text", [f"{TEXT} LIMIT 5", TEXT.replace("SELECT id", "SELECT count(*)")])
def test_what_cannot_be_cut_soundly_takes_its_chance_whole(text: str) -> None:
    assert parts(9, split(texts={"fees": text})) is None


def test_what_is_too_short_to_be_cut_takes_its_chance_whole() -> None:
    assert parts(9, split(min="1d")) is None


def test_an_item_of_another_text_is_not_cut() -> None:
    assert parts(9, split(texts={"other": TEXT})) is None
