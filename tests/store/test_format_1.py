"""`format_1/` is a ledger as it was written before records had kinds: whatever changes, it stays readable."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.config.standing import DEFAULT_STANDING, FlowClass, Standing
from forebay.store.ledger.batch_policy import Checks, Notify, Policy, Span, Splitting
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.outcomes import Check, Closing, Coverage, FailureGroup, Stop
from forebay.store.ledger.records import Batch, ExtractPause, FailureRecord, FlowSummary, Item
from forebay.store.local import LocalStore
from tests.store.batch_ids import batch_ids

FOLDER = Path(__file__).parent / "format_1"
FEES, QUERIES = "fees.20261121T0000Z-20261122T0000Z", "20261122-123000-abcde"
LANE = "acme:live"
NOW = datetime(2026, 11, 22, 12, 30, 0, 250_000, tzinfo=UTC)
DAY = datetime(2026, 11, 21, tzinfo=UTC)

POLICY = Policy(
    definition="fees",
    kind="extract",
    spec_sha256="5" * 64,
    window=Span(start=DAY, end=DAY + timedelta(days=1)),
    fan_out="organization",
    accounts=("acct_1", "acct_2"),
    canary=True,
    publish="all_or_nothing",
    stop_after=0.25,
    checks=Checks(columns=("id", "created"), rows_min=1, rows_max=1000, rows_max_change=0.5, tie_out=True),
    split=Splitting(
        on="created",
        min="1h",
        max_parts=24,
        timezone="Europe/Berlin",
        start=DAY - timedelta(days=1),
        end=DAY + timedelta(days=1),
        texts={"fees": "SELECT {{ params.a }}", "fees.tie_out": "SELECT 1"},
        values={"fees": {"a": "x", "n": 1, "f": 1.5, "l": ["y", 2], "t": True}},
    ),
    notify=Notify(webhook="secret://env/HOOK", command=("notify", "--now"), on=("failed", "landed")),
    part_of="whole/acme:live/0",
)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(LocalStore(FOLDER))


@pytest.fixture
def marks() -> Marks:
    return Marks(LocalStore(FOLDER))


def test_all_batches_are_found(ledger: Ledger) -> None:
    assert list(batch_ids(ledger)) == [QUERIES, FEES]


def test_a_batch_of_the_spec_with_all_that_it_can_have(ledger: Ledger) -> None:
    assert ledger.batch(FEES) == Batch(
        id=FEES,
        output="s3://bucket/out",
        source="extract fees, window 2026-11-21",
        standing=Standing(flow_class=FlowClass.BACKFILL, weight=2.5, ceiling=7),
        policy=POLICY,
        created_at=NOW,
        connection="acme",
        flows=(FlowSummary(lane=LANE, size=3), FlowSummary(lane="acme:live:acct.3", size=1)),
        chunk_items=2,
        writing="0a1b2c3d",
    )


def test_a_batch_of_queries(ledger: Ledger) -> None:
    batch = ledger.batch(QUERIES)

    assert (batch.policy, batch.standing, batch.connection) == (None, DEFAULT_STANDING, "main")


def test_items(ledger: Ledger) -> None:
    first = Item(name="fees", sql="SELECT 'ü', '\u2603'\n", account="acct_1", share="earlier/3", parts=4)
    assert list(ledger.items(FEES, LANE)) == [
        first,
        Item(name="fees.tie_out", sql="SELECT 1", account="acct_1", ties="fees"),
        Item(name="fees", sql="SELECT 2", account="acct_2"),
    ]
    assert ledger.item(FEES, LANE, 0) == first
    assert ledger.item(FEES, "acme:live:acct.3", 0) == Item(name="fees", sql="SELECT 3", account=None)


def test_failures(ledger: Ledger) -> None:
    taken_up = FailureRecord(
        attempt=1,
        error_class=FailureClass.SQL,
        code="query_run_invalid_sql",
        message="line 1: no such column 'ä'",
        query_run="qryrun_1",
        request_id="req_1",
        at=NOW,
        retried=True,
    )
    bare = FailureRecord(
        attempt=0,
        error_class=FailureClass.PROVIDER,
        code=None,
        message="m",
        query_run=None,
        request_id=None,
        at=NOW,
    )
    assert list(ledger.failures(FEES, LANE)) == [(0, taken_up), (2, bare)]
    assert ledger.failure(FEES, LANE, 2) == bare


def test_how_a_batch_ended_and_what_stopped_it(ledger: Ledger) -> None:
    assert ledger.closing(FEES) == Closing(
        at=NOW,
        outcome="checks_failed",
        runs=4,
        landed=2,
        failed=1,
        canceled=1,
        stored_bytes=5,
        records=6,
        coverage=Coverage(expected=2, landed=1, empty=("acct_1",), missing=("acct_2",)),
        failures=(
            FailureGroup(
                error_class=FailureClass.SQL, message="no such column", count=1, accounts=("acct_2",), names=("fees",)
            ),
        ),
        checks=(
            Check(check="columns", name="fees", account="acct_1", ok=False, finding="missing b; new x"),
            Check(check="rows", name="fees", account=None, ok=True, finding="7 records"),
        ),
        parts=("fees.split-0-0-2",),
    )
    assert ledger.stop(FEES) == Stop(at=NOW, by="canary", reason="the canary failed: no such column", resumed=True)
    assert ledger.canceled_at(FEES) == NOW
    assert ledger.told(FEES, "failed")
    assert not ledger.told(FEES, "landed")


def test_marks(marks: Marks) -> None:
    assert list(marks.all("fees", "skipped")) == ["20261120T0000Z"]
    assert marks.has("fees", "late", "20261119T0000Z")
    assert marks.first_seen("fees", NOW + timedelta(days=9)) == NOW
    assert marks.paused("fees") == ExtractPause(at=NOW, reason="month end")
