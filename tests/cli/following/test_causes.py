"""What is in the way is found by what was seen, and never invented."""

import dataclasses
from typing import Any

import pytest

from forebay.cli.following.causes import (
    HICCUP_MS,
    TRIES,
    UNMOVED_S,
    Evidence,
    RunTrouble,
    causes,
    deployment_causes,
    lane_causes,
)
from forebay.cli.output.cause import OVER_AFTER_S, Cause, CauseKind, News
from forebay.governor.seen import ClosedGate, LaneView, PauseView, UnreconciledView
from forebay.governor.states import Gate
from forebay.store.ledger.batch_policy import Policy
from tests.cli.output.test_display import LANE, SNAPSHOT

NOW_MS = SNAPSHOT.now_ms
WORKING = Evidence(workers=("one",))


def _kinds(seen: Evidence = WORKING, *, unmoved_s: float = 0, tries: int = 0, **progress: Any) -> list[str]:
    snapshot = dataclasses.replace(SNAPSHOT, progress=dataclasses.replace(SNAPSHOT.progress, **progress))
    troubles = [RunTrouble(text="provider (HTTP 500, req_123456)", tries=tries)] if tries else []
    return [cause.kind for cause in causes(snapshot, seen, troubles, unmoved_s=unmoved_s)]


def _gate(gate: Gate, since_ms: int = 0) -> ClosedGate:
    return ClosedGate(gate=gate, reason="so it is", since_ms=NOW_MS - since_ms, until_ms=NOW_MS + 1000)


def _lane(**changes: Any) -> LaneView:
    return dataclasses.replace(LANE, **changes)


def test_nothing_is_in_the_way_of_what_moves() -> None:
    assert _kinds() == []
    assert _kinds(unmoved_s=UNMOVED_S - 1) == []


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        (Evidence(), []),
        (Evidence(workers=()), ["no_worker"]),
        (Evidence(workers=(), refuses_writes="Redis refuses writes"), ["refuses_writes"]),
        (Evidence(workers=("one",), complaints=(("a worker of two", "stuck"),)), ["worker_stuck"]),
        (Evidence(workers=("one",), used_up=(("fees", "10 runs a day"),)), ["budget"]),
    ],
)
def test_a_deployment_in_which_nothing_moves(seen: Evidence, kinds: list[str]) -> None:
    assert [cause.kind for cause in deployment_causes(seen)] == kinds
    assert _kinds(seen) == kinds


@pytest.mark.parametrize(
    ("progress", "kind"),
    [
        ({"known": False}, "batch_lost"),
        ({"paused": PauseView(reason="month end", since_ms=0)}, "batch_paused"),
        ({"canary_out": True}, "canary"),
        ({"canceling": True}, "canceling"),
        ({"held": 0, "starting": 0}, "slots_taken"),
    ],
)
def test_a_batch_of_its_own(progress: dict[str, Any], kind: str) -> None:
    assert _kinds(**progress) == [kind]


def test_a_batch_that_is_not_closed_yet() -> None:
    policy = Policy(definition="fees", kind="batch", spec_sha256="0")
    batch = dataclasses.replace(SNAPSHOT.batch, policy=policy)
    progress = dataclasses.replace(SNAPSHOT.progress, done=True)
    snapshot = dataclasses.replace(SNAPSHOT, batch=batch, progress=progress)

    assert [cause.kind for cause in causes(snapshot, WORKING)] == ["closing"]


def test_what_keeps_a_batch_from_being_closed_is_told_of_that_batch() -> None:
    mine, other = (SNAPSHOT.batch.id, "no right to write"), ("another", "the bucket is away")
    seen = dataclasses.replace(WORKING, put_off=(mine, other))

    (cause,) = causes(SNAPSHOT, seen)
    assert cause.message == f"batch {SNAPSHOT.batch.id} cannot be closed: no right to write"
    assert [cause.kind for cause in deployment_causes(seen)] == ["closing_put_off"] * 2


@pytest.mark.parametrize(
    ("lane", "kinds"),
    [
        (_lane(paused=PauseView(reason="month end", since_ms=0)), ["lane_paused"]),
        (_lane(unreconciled=UnreconciledView(since_ms=NOW_MS - HICCUP_MS)), ["unreconciled"]),
        (_lane(unreconciled=UnreconciledView(since_ms=NOW_MS - HICCUP_MS + 1)), []),
        (_lane(unreconciled=UnreconciledView(since_ms=None)), []),
        (_lane(held=LANE.cap - LANE.margin), []),
        (_lane(held=LANE.cap - LANE.margin + 1), ["over_cap"]),
        (_lane(held=0, cap=0), []),
        (_lane(gates=(_gate(Gate.AUTH),)), ["key_refused"]),
        (_lane(gates=(_gate(Gate.CAP),)), ["cap_full"]),
        (_lane(gates=(_gate(Gate.CREATE, HICCUP_MS - 1), _gate(Gate.RETRIEVE, HICCUP_MS))), ["throttled"]),
    ],
)
def test_a_lane_that_starts_nothing(lane: LaneView, kinds: list[str]) -> None:
    assert [cause.kind for cause in lane_causes(lane, NOW_MS)] == kinds
    assert _kinds(lanes=(lane,)) == kinds


def test_others_use_the_cap_only_where_stripe_refused_less_than_it() -> None:
    (full,) = lane_causes(_lane(gates=(_gate(Gate.CAP),)), NOW_MS)
    (shared,) = lane_causes(_lane(gates=(_gate(Gate.CAP),), held=9), NOW_MS)

    assert "others" not in full.message
    assert "others use it too" in shared.message


def test_a_step_that_breaks_again_and_again_is_told_and_one_hiccup_is_not() -> None:
    assert _kinds(tries=TRIES - 1) == []
    assert _kinds(tries=TRIES) == ["retrying"]


def test_what_runs_stumble_over_together_is_one_cause() -> None:
    troubles = [RunTrouble(text=f"sink: out/b/{number}00000 is denied", tries=TRIES + number) for number in range(9)]

    (cause,) = causes(SNAPSHOT, WORKING, troubles)

    assert cause.detail == f"9 runs, up to {TRIES + 8} tries"


def test_a_standstill_without_a_cause_is_told_as_that() -> None:
    assert _kinds(unmoved_s=UNMOVED_S) == ["at_stripe"]
    assert _kinds(unmoved_s=UNMOVED_S, held=8, starting=8) == ["unknown"]
    assert _kinds(unmoved_s=UNMOVED_S, canary_out=True) == ["canary"]


def test_each_cause_has_a_way_out_or_needs_none() -> None:
    """What goes by itself needs nobody; of what people see in its place they read it in the message."""
    alone = {
        "cap_full",
        "over_cap",
        "throttled",
        "canary",
        "canceling",
        "closing",
        "retrying",
        "at_stripe",
        "worker_stuck",
        "away",
    }
    lane = _lane(
        paused=PauseView(reason="", since_ms=0),
        unreconciled=UnreconciledView(since_ms=0),
        gates=tuple(_gate(gate, HICCUP_MS) for gate in Gate),
    )
    found = [
        *lane_causes(lane, NOW_MS),
        *deployment_causes(Evidence(workers=())),
        *deployment_causes(Evidence(refuses_writes="full")),
        *deployment_causes(Evidence(used_up=(("fees", "10 runs a day"),))),
        *deployment_causes(Evidence(put_off=(("b1", "no right to write"),))),
        *causes(dataclasses.replace(SNAPSHOT, progress=dataclasses.replace(SNAPSHOT.progress, known=False)), WORKING),
        *causes(dataclasses.replace(SNAPSHOT, progress=dataclasses.replace(SNAPSHOT.progress, held=0)), WORKING),
        *causes(
            dataclasses.replace(SNAPSHOT, progress=dataclasses.replace(SNAPSHOT.progress, starting=8)),
            WORKING,
            unmoved_s=UNMOVED_S,
        ),
    ]

    assert {cause.kind for cause in found if not cause.way_out} <= alone
    assert len({cause.kind for cause in found}) == 12


class TestNews:
    """Each cause is told once, and once when it is over."""

    CAUSE = Cause(kind=CauseKind.RETRYING, message="retrying: provider (HTTP 500, req_111111)")
    SAME = Cause(kind=CauseKind.RETRYING, message="retrying: provider (HTTP 500, req_222222)", detail="9 tries")

    def test_the_same_is_told_once(self) -> None:
        news = News()
        assert [*news.begun([self.CAUSE], 0)] == [self.CAUSE]
        assert [*news.begun([self.SAME], 1)] == []

    def test_one_that_is_gone_for_a_moment_is_not_over(self) -> None:
        news = News()
        assert [*news.begun([self.CAUSE], 0)] == [self.CAUSE]
        assert [*news.over(OVER_AFTER_S)] == []
        assert [*news.begun([self.CAUSE], OVER_AFTER_S)] == []

    def test_it_is_over_once_and_may_begin_anew(self) -> None:
        news = News()
        assert [*news.begun([self.CAUSE], 0)] == [self.CAUSE]
        assert [*news.over(OVER_AFTER_S + 1)] == [self.CAUSE]
        assert [*news.over(OVER_AFTER_S + 2)] == []
        assert [*news.begun([self.CAUSE], OVER_AFTER_S + 3)] == [self.CAUSE]
