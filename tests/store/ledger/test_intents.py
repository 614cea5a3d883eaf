"""What people want of batches and lanes stands in the ledger, whoever asks at the same time."""

from datetime import UTC, datetime

from forebay.config.standing import DEFAULT_STANDING, FlowClass, Standing, StandingChange
from forebay.store.interface import Store
from forebay.store.ledger.intents import Intents
from forebay.store.ledger.open_marks import OpenMarks
from forebay.store.ledger.versions import Version

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_a_pause_and_changes_of_a_batch_stand_beside_each_other(store: Store) -> None:
    intents = Intents(store)
    assert intents.of_batch("a") is None

    intents.change_batch("a", DEFAULT_STANDING, StandingChange(flow_class=FlowClass.BACKFILL), NOW)
    intents.pause_batch("a", "not now", NOW)
    intents.change_batch("a", DEFAULT_STANDING, StandingChange(weight=3), NOW)

    wanted = intents.of_batch("a")
    assert wanted and wanted.paused == "not now"
    assert wanted.standing == Standing(flow_class=FlowClass.BACKFILL, weight=3)
    assert OpenMarks(store).all() == {"a": {"intents-000001", "intents-000002", "intents-000003"}}

    intents.pause_batch("a", None, NOW)
    wanted = intents.of_batch("a")
    assert wanted and wanted.paused is None


def test_limits_of_a_lane_outlive_its_pause_and_each_other(store: Store) -> None:
    intents = Intents(store)
    assert intents.of_lane("acme:live") is None

    intents.limit_lane("acme:live", {"cap": 20, "margin": 2}, NOW)
    intents.pause_lane("acme:live", "night", NOW)
    intents.limit_lane("acme:live", {"cap": 30, "creates_per_s": 0.5}, NOW)

    match intents.of_lane("acme:live"):
        case Version(3, wanted):
            assert wanted.paused == "night"
            assert wanted.limits == {"cap": 30, "margin": 2, "creates_per_s": 0.5}
        case other:
            raise AssertionError(other)
    assert OpenMarks(store).all() == {}, "a lane is no batch"
