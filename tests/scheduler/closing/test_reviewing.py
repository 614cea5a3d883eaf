"""What stayed in quarantine is published after review, or checked again, without a query; nothing later is meant."""

from datetime import UTC, datetime, timedelta

import pytest

from forebay.scheduler.closing.reviewing import Reviewer
from forebay.scheduler.errors import NothingToReview
from forebay.store.ledger.batch_policy import Checks
from forebay.store.ledger.outcomes import Recheck, Release
from tests.scheduler.closing.conftest import SQL_ERROR, TOLD, House, item, policy

BAD = Checks(columns=("n",))


def released(after: timedelta = timedelta()) -> Release:
    return Release(at=datetime.now(UTC) + after, by="ada", reason="the new column is wanted")


def rechecked(checks: Checks | None) -> Recheck:
    return Recheck(at=datetime.now(UTC), by="ada", spec_sha256="1" * 64, checks=checks)


def reviewer(house: House) -> Reviewer:
    return Reviewer(house.ledger, house.rt.redis)


def checked_badly(house: House, **more: object) -> None:
    """Of two results `refunds` has not the columns that it should have."""
    house.results["refunds"] = "other\n1\n"
    house.open([item("fees"), item("refunds")], policy(checks=BAD, notify=TOLD, **more))
    assert house.finish().outcome == "checks_failed"


def test_a_release_publishes_what_is_in_quarantine_and_keeps_who_and_why(house: House) -> None:
    checked_badly(house)
    queries = len(house.created)

    reviewer(house).release("b1", released())
    closing = house.finish()

    assert (closing.outcome, closing.in_quarantine) == ("landed", 0)
    assert [path for path in house.files if path.startswith("_quarantine/")] == []
    assert {"b1/fees.csv", "b1/refunds.csv"} <= set(house.files)
    review = house.read("b1/_batch.json")["review"]["released"]
    assert (review["by"], review["reason"]) == ("ada", "the new column is wanted")
    assert [check for check in house.read("b1/_batch.json")["checks"] if not check["ok"]], "what failed is kept"
    assert len(house.created) == queries, "nothing is run"
    assert len(house.told) == 2
    assert "released by ada: the new column is wanted" in house.told[1].lines


def test_a_release_publishes_what_landed_of_all_or_nothing(house: House) -> None:
    house.results["refunds"] = SQL_ERROR
    house.open([item("fees"), item("refunds")], policy(publish="all_or_nothing"))
    assert house.finish().in_quarantine == 1

    reviewer(house).release("b1", released())

    closing = house.finish()
    assert (closing.outcome, closing.in_quarantine) == ("partial", 0)
    assert "b1/fees.csv" in house.files


def test_a_release_covers_nothing_that_lands_later(house: House) -> None:
    house.results |= {"fees": SQL_ERROR, "refunds": "other\n1\n"}
    house.open([item("fees"), item("refunds")], policy(checks=BAD))
    house.finish()
    reviewer(house).release("b1", released())
    assert house.finish().outcome == "partial"
    house.results["fees"] = "another\n1\n"

    house.retrier.retry("b1")

    closing = house.finish()
    assert (closing.outcome, closing.in_quarantine) == ("checks_failed", 1)
    assert "b1/refunds.csv" in house.files
    assert "_quarantine/b1/fees.csv" in house.files


def test_a_check_by_the_checks_of_now_publishes_what_passes(house: House) -> None:
    checked_badly(house, publish="all_or_nothing")
    assert "b1/fees.csv" not in house.files
    queries = len(house.created)

    reviewer(house).check("b1", rechecked(Checks(rows_min=1)))

    closing = house.finish()
    assert (closing.outcome, closing.in_quarantine) == ("landed", 0)
    assert {"b1/fees.csv", "b1/refunds.csv"} <= set(house.files)
    assert house.read("b1/_batch.json")["review"]["rechecked"]["checks"]["rows_min"] == 1
    assert len(house.created) == queries


def test_what_was_published_and_fails_a_later_check_stays_where_it_is_and_is_told(house: House) -> None:
    checked_badly(house)

    reviewer(house).check("b1", rechecked(Checks(columns=("other",))))

    closing = house.finish()
    assert (closing.outcome, closing.in_quarantine) == ("checks_failed", 0)
    assert {"b1/fees.csv", "b1/refunds.csv"} <= set(house.files)


def test_a_decision_outlives_redis(house: House) -> None:
    checked_badly(house)
    reviewer(house).release("b1", released())
    house.rt.redis.flushall()

    house.world.reconciler.all()

    assert house.finish().outcome == "landed"


def test_of_two_decisions_at_once_one_is_taken(house: House) -> None:
    checked_badly(house)
    reviewer(house).release("b1", released())

    with pytest.raises(NothingToReview, match="not closed"):
        reviewer(house).check("b1", rechecked(None))


@pytest.mark.parametrize("quarantined", [True, False])
def test_nothing_is_decided_where_nothing_is_in_quarantine(house: House, quarantined: bool) -> None:
    house.open([item("fees")], policy(checks=BAD if quarantined else None))
    with pytest.raises(NothingToReview, match="not closed"):
        reviewer(house).reviewable("b1")
    house.finish()

    with pytest.raises(NothingToReview, match="nothing of it is in quarantine"):
        reviewer(house).release("b1", released())


def test_queries_that_were_handed_in_have_no_quarantine(house: House) -> None:
    house.open([item("fees")], None)

    with pytest.raises(NothingToReview, match="no batch of the spec"):
        reviewer(house).reviewable("b1")
