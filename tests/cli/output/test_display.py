"""What a terminal shows: real counts, why nothing moves, and never a line too long for it."""

import dataclasses
import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from forebay.cli.following.causes import lane_causes
from forebay.cli.output.audience import Settled, Snapshot
from forebay.cli.output.display import Display
from forebay.cli.output.lines import summary
from forebay.config.stripe import Api
from forebay.governor.seen import ClosedGate, LaneView
from forebay.governor.states import Gate, RunState
from forebay.scheduler.batches.progress import Progress
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import Batch, FailureRecord, FlowSummary, Item

BATCH = Batch(
    id="20261122-101010-abcde",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
    connection="default",
    output="/somewhere/out",
    flows=(FlowSummary(lane="default:test", size=40),),
    source="queries q/*.sql",
    chunk_items=500,
    writing="1",
)
LANE = LaneView(
    lane="default:test",
    cap=10,
    limit=10,
    margin=0,
    held=10,
    aside=0,
    held_by_class={},
    reserves={},
    budgets={},
    gates=(),
    paused=None,
    unreconciled=None,
    clock_moved=None,
    stats={},
)
SNAPSHOT = Snapshot(
    batch=BATCH,
    progress=Progress(
        size=40,
        waiting=20,
        held=8,
        ready=2,
        landed=9,
        failed=1,
        canceled=0,
        stored_bytes=1_500_000,
        records=12,
        known=True,
        canceling=False,
        done=False,
        lanes=(LANE,),
    ),
    elapsed_s=83,
    now_ms=10_000,
    received_bytes=2_000,
)


def _shown(snapshot: Snapshot, width: int) -> list[str]:
    """The lines of the last frame."""
    console = Console(file=io.StringIO(), width=width, height=24, force_terminal=True, color_system=None)
    display = Display(console)
    with console.capture() as capture:
        display.show(snapshot)
    display.close()
    lines = (line.split("\x1b")[0].rstrip() for line in capture.get().splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize("width", [80, 120])
def test_the_counts_are_those_of_the_batch(width: int) -> None:
    text = "\n".join(_shown(SNAPSHOT, width))

    for said in ("8 of 10", "2 slots are taken by other batches", "2, 2.0 kB received", "9 (1.5 MB)", "1:23 min"):
        assert said in text


def test_two_batches_stand_beside_each_other_and_are_no_others_to_each_other() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    display, shadow = Display(console), Policy(definition="fees", kind="batch", spec_sha256="0", shadow=True)
    twin = dataclasses.replace(BATCH, id="twin", api=Api.DATA, policy=shadow)
    with console.capture() as capture:
        display.settled(
            Settled(
                batch=twin, item=Item(name="fees", sql="", account=None), stem=None, state=RunState.FAILED, failure=None
            )
        )
        display.show(SNAPSHOT)
        display.show(dataclasses.replace(SNAPSHOT, batch=twin, progress=dataclasses.replace(SNAPSHOT.progress, held=2)))
    display.close()
    assert "failed   data: fees" in capture.get()
    last = capture.get().rpartition(BATCH.id)[2]
    assert "twin" in last
    assert "other batches" not in last


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_failed_is_seen_however_narrow_it_is(width: int) -> None:
    assert "failed" in "\n".join(_shown(SNAPSHOT, width))


def test_the_bar_is_not_full_while_runs_go_on_and_there_are_no_colors() -> None:
    progress = dataclasses.replace(SNAPSHOT.progress, waiting=0, held=30, ready=0, landed=10, failed=0)
    bar = _shown(dataclasses.replace(SNAPSHOT, progress=progress), 80)[1]

    assert (bar.count("━"), bar.count("╌")) == (18, 54)


def test_slots_of_runs_that_stripe_has_not_confirmed_are_not_alive() -> None:
    progress = dataclasses.replace(SNAPSHOT.progress, starting=5)
    text = "\n".join(_shown(dataclasses.replace(SNAPSHOT, progress=progress), 80))

    assert "3 of 10" in text
    assert "5 more slots are for runs that Stripe has not confirmed yet" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    gate = ClosedGate(gate=Gate.CAP, reason="The limit of 5 runs is reached. " * 9, since_ms=2_000, until_ms=13_000)
    lane = dataclasses.replace(LANE, gates=(gate,))
    snapshot = dataclasses.replace(
        SNAPSHOT,
        progress=dataclasses.replace(SNAPSHOT.progress, lanes=(lane,)),
        causes=tuple(lane_causes(lane, 10_000)),
    )

    lines = _shown(snapshot, width)

    assert max(map(len, lines)) <= width
    assert "Stripe refuses more runs, its cap is full" in " ".join(lines)


def test_a_failure_stays_on_the_screen() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    display = Display(console)
    item = Item(name="fees", sql="SELECT 1", account="acct_1")
    with console.capture() as capture:
        display.settled(Settled(batch=BATCH, item=item, stem="b/acct_1/fees", state=RunState.FAILED, failure=None))
    display.close()

    assert "failed   fees (acct_1)" in capture.get()


def test_three_hundred_failures_of_one_cause_are_one_line() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    display = Display(console)
    with console.capture() as capture:
        for number in range(300):
            account = f"acct_{number:08d}"
            failure = FailureRecord(
                attempt=0,
                error_class=FailureClass.AUTH,
                code=None,
                message=f"{account} has no access.",
                query_run=None,
                request_id=None,
                at=BATCH.created_at,
            )
            item = Item(name="fees", sql="SELECT 1", account=account)
            display.settled(Settled(batch=BATCH, item=item, stem="b/f", state=RunState.FAILED, failure=failure))
    display.close()
    said = capture.get()
    assert said.count("failed   fees") == 1
    assert said.count("further failures are counted") == 1


def test_a_plain_summary_has_every_count() -> None:
    assert summary(SNAPSHOT) == "1:23 min: 20 queued, 10 of 10 slots in use, 2 landing, 9 landed (1.5 MB), 1 failed"
