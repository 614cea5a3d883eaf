"""How commands show and end on batches of the spec: they wait for the closing, and say what it says."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.embedded.backlog import unfinished
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.view import View
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.ledger.batch_policy import Checks, Policy, Splitting
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Check, Closing, Coverage, FailureGroup, Stop
from forebay.store.ledger.records import Batch, BatchTerms, Item
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, until
from tests.cli.worker import LANE, Hand

LATER_MS = 10**14
DAY = datetime(2026, 1, 1, tzinfo=UTC)
SPLIT = Splitting(
    on="created", min="1h", max_parts=24, timezone="UTC", start=DAY, end=DAY + timedelta(days=1), texts={}, values={}
)


@pytest.fixture
def ledger(deployed: redis.Redis) -> Ledger:
    return Ledger(LocalStore(Path(".forebay/ledger")))


class House:
    """A deployment with one batch of the spec, whose closer is the test's own hand too."""

    def __init__(self, client: redis.Redis, ledger: Ledger, folder: Path) -> None:
        self.client, self.ledger, self.folder = client, ledger, folder
        self.hand = Hand(client)

    def open(self, **policy: Any) -> None:
        items = [Item(name=name, sql="SELECT 1", account=None) for name in ("fees", "charges", "refunds")]
        self.submit("b1", items, Policy(**{"definition": "month_end", "kind": "batch", "spec_sha256": "0", **policy}))

    def submit(self, batch: str, items: list[Item], policy: Policy) -> Batch:
        config = load_config(Settings())
        terms = BatchTerms(id=batch, output=str(self.folder / "out"), source="a test", policy=policy)
        new = NewBatch(terms=terms, connection=config.connection(), items=items)
        reconciler = Reconciler(self.ledger, self.client, config, lambda url: LocalStore(Path(url)))
        return Submitter(self.ledger, self.client, reconciler).submit(new)

    def settle(self, *, failing: int = 0) -> None:
        """Brings everything to an end that may run now: whatever holds a slot, as soon as the budget lets it start."""
        view = View(self.client)

        def nothing_is_held() -> bool:
            for custody in self.hand.start():
                if custody.index < failing:
                    self.hand.fail(custody, "line 1:8: no such column")
                else:
                    self.hand.land(custody)
            flow = view.flow(LANE, "b1")
            return flow is not None and not flow.held

        until(nothing_is_held, "all that may run has ended")

    def advance(self) -> None:
        services = ClosingServices(
            ledger=self.ledger, redis=self.client, store=lambda url: LocalStore(Path(url)), tell=lambda *_: None
        )
        closer = Closer(services)
        closer.round(LATER_MS)


@pytest.fixture
def house(deployed: redis.Redis, ledger: Ledger, folder: Path) -> House:
    return House(deployed, ledger, folder)


def closing(ledger: Ledger, **more: Any) -> None:
    """Closes the batch as the test says."""
    batch = ledger.batch("b1")
    said: dict[str, Any] = {
        "at": batch.created_at,
        "outcome": "landed",
        "runs": 3,
        "landed": 3,
        "failed": 0,
        "canceled": 0,
        "stored_bytes": 300,
        "records": 3,
        "coverage": Coverage(expected=2, landed=2),
    }
    ledger.record_closing("b1", Closing(**{**said, **more}), after=0)


def test_watch_waits_for_the_closing_and_not_only_for_the_runs(house: House, forebay: Forebay) -> None:
    house.open()
    house.settle()
    said = forebay("watch", "b1", "--timeout", "0.1")
    assert said.code == 5
    assert "all settled: checking and publishing" in said.err

    house.advance()

    assert forebay("watch", "b1").code == 0


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("landed", 0), ("partial", 1), ("failed", 1), ("canceled", 1), ("checks_failed", 3), ("stopped", 6)],
)
def test_the_outcome_is_the_exit_code(house: House, ledger: Ledger, forebay: Forebay, outcome: str, code: int) -> None:
    house.open()
    house.settle()
    closing(ledger, outcome=outcome)
    assert forebay("watch", "b1").code == code
    (result,) = forebay("watch", "b1", "--json").events
    assert (result["exit"], result["outcome"]) == (code, outcome)


def test_checks_coverage_and_failures_are_shown(house: House, ledger: Ledger, forebay: Forebay) -> None:
    house.open(publish="all_or_nothing", checks=Checks(columns=("n",)))
    house.settle()
    checks = (
        Check(check="rows", name="fees", account="acct_1", ok=False, finding="0 records, fewer than 1"),
        Check(check="rows", name="fees", account="acct_2", ok=True, finding="5 records"),
    )
    failures = (
        FailureGroup(error_class=FailureClass.AUTH, message="No access.", count=2, accounts=("acct_3", "acct_4")),
    )
    coverage = Coverage(expected=4, landed=2, empty=("acct_1",), missing=("acct_3", "acct_4"))
    closing(ledger, outcome="checks_failed", checks=checks, failures=failures, coverage=coverage)

    for said in (forebay("watch", "b1"), forebay("show", "b1")):
        assert "outcome  checks failed" in said.out
        assert "2 of 4 accounts, 1 of them empty" in said.out
        assert "missing  acct_3, acct_4" in said.out
        assert "1 of 2 passed" in said.out
        assert "rows of acct_1/fees: 0 records, fewer than 1" in said.out
        assert "out/_quarantine/b1/" in said.out
        assert "out/b1/" not in said.out
        assert 'publish  after review: forebay release b1 --reason "…"' in said.out
        assert "check    again, once the spec's checks are mended: forebay check b1" in said.out
    assert "2 auth: No access. (acct_3, acct_4)" in forebay("show", "b1").out

    result = forebay("show", "b1", "--json").events[-1]
    assert result["coverage"]["missing"] == ["acct_3", "acct_4"]
    assert len(result["checks"]) == 2


def test_a_canary_that_is_out_is_shown(house: House, forebay: Forebay) -> None:
    house.open(canary=True)
    assert "the first run goes alone" in forebay("show", "b1").out
    assert forebay("show", "b1", "--json").events[-1]["canary_out"] is True
    assert "its first run goes alone" in forebay("watch", "b1", "--timeout", "0.1").err


def test_a_batch_that_its_canary_stopped_says_so_everywhere(house: House, forebay: Forebay) -> None:
    house.open(canary=True)
    house.settle(failing=1)
    house.advance()
    reason = "its canary 'fees' failed (sql), so the other 2 would too"

    shown = forebay("show", "b1").out
    assert reason in shown
    assert "forebay resume b1" in shown
    assert reason in forebay("lanes").out
    assert forebay("ls", "--json").events[0]["state"] == "stopped"
    watched = forebay("watch", "b1")
    assert watched.code == 6
    assert reason in watched.err
    (*_, result) = forebay("watch", "b1", "--json").events
    assert result["exit"] == 6
    assert reason in result["stopped"]


def test_it_goes_on_when_it_is_resumed(house: House, forebay: Forebay) -> None:
    house.open(canary=True)
    house.settle(failing=1)
    house.advance()
    assert "goes on" in forebay("resume", "b1").out
    house.settle()
    house.advance()
    assert forebay("watch", "b1").code == 1


def test_a_retry_opens_a_closed_batch_again(house: House, forebay: Forebay) -> None:
    house.open()
    house.settle(failing=1)
    house.advance()
    assert ClosingQueue(house.client).all() == []
    assert forebay("retry", "b1", "--failed").code == 0
    assert ClosingQueue(house.client).all() == ["b1"]
    house.settle()
    house.advance()
    assert forebay("watch", "b1").code == 0


def test_ls_says_how_a_batch_stands_as_a_whole(house: House, forebay: Forebay) -> None:
    house.open(canary=True)
    assert "canary" in forebay("ls").out
    house.settle(failing=1)
    house.advance()
    assert "stopped" in forebay("ls").out
    assert forebay("ls", "--json").events[0]["state"] == "stopped"
    forebay("resume", "b1")
    house.settle()
    assert "closing" in forebay("ls").out
    house.advance()
    assert "partial" in forebay("ls").out


@pytest.mark.parametrize("columns", ["80", "120"])
def test_a_terminal_has_room_for_what_a_person_looks_for(
    house: House, forebay: Forebay, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.open()
    house.settle(failing=1)
    house.advance()
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown, listed = (re.sub("\x1b\\[[0-9;]*m", "", forebay(*said).out) for said in (("show", "b1"), ("ls",)))
    for said in (shown, listed):
        assert max(map(len, said.splitlines())) <= int(columns)
    assert "fees     failed" in shown
    assert "line 1:8: no such column" in shown
    assert ("attempt" in shown) == (columns == "120")


def test_failures_of_one_cause_are_said_once_with_all_who_have_it(
    house: House, ledger: Ledger, forebay: Forebay
) -> None:
    house.open()
    house.settle(failing=1)
    accounts = tuple(f"acct_{number}" for number in range(20))
    failures = (
        FailureGroup(
            error_class=FailureClass.AUTH, message="No access.", count=300, accounts=accounts, names=("fees",)
        ),
        FailureGroup(
            error_class=FailureClass.SQL, message="No column.", count=2, accounts=("acct_1",), names=("a", "b")
        ),
        FailureGroup(error_class=FailureClass.SQL, message="No table.", count=1, accounts=("acct_2",), names=("c",)),
    )
    closing(ledger, outcome="partial", landed=2, failed=1, failures=failures)
    said = forebay("watch", "b1").out.splitlines()
    start = said.index("    auth: 300")
    assert said[start : start + 6] == [
        "    auth: 300",
        "      300 times: No access.",
        f"        fees: {', '.join(accounts[:10])} and 290 more",
        "    sql: 3",
        "      2 times: No column.",
        "        acct_1: a, b",
    ]
    assert said[start + 6] == "      acct_2/c  No table."


@pytest.mark.parametrize(("by", "way"), [("canary", "correct the SQL"), ("stop_after", "retry b1 --failed")])
def test_who_is_stopped_is_told_each_way_on_in_a_line(
    house: House, ledger: Ledger, forebay: Forebay, by: Any, way: str
) -> None:
    house.open(canary=True)
    house.settle(failing=1)
    ledger.record_stop("b1", Stop(at=ledger.batch("b1").created_at, by=by, reason="too many failed"))
    house.advance()
    if by == "stop_after":
        Steering(ledger, house.client).pause("b1", "too many failed")
    for said in (forebay("watch", "b1").err, forebay("show", "b1").out):
        lines = [line.strip() for line in said.splitlines()]
        assert "look     forebay show b1 --failed" in lines
        assert "go on    all the same: forebay resume b1" in lines
        assert any(way in line for line in lines)


class TestParts:
    """A batch of which the first run was cut into two parts."""

    @pytest.fixture
    def cut(self, house: House) -> Batch:
        house.open(split=SPLIT)
        house.settle(failing=1)
        policy = Policy(definition="month_end", kind="batch", spec_sha256="0", part_of=f"b1/{LANE}/0")
        items = [Item(name=f"fees.part-0{number}", sql="SELECT 1", account=None) for number in (1, 2)]
        return house.submit("b1.split-0-0-2", items, policy)

    def test_show_says_where_the_parts_are(self, cut: Batch, forebay: Forebay) -> None:
        assert "in parts" in forebay("show", "b1").out
        assert f"0 of 2 parts landed: forebay show {cut.id}" in forebay("show", "b1", "fees").out
        run, *_ = forebay("show", "b1", "--json").events
        assert run["parts"] == {"batch": cut.id, "of": 2, "landed": 0}
        assert run["failure"]["class"] == "sql"

    def test_what_landed_in_parts_has_landed(self, cut: Batch, house: House, forebay: Forebay) -> None:
        closing(house.ledger, parts=(cut.id,))
        said = forebay("watch", "b1")
        assert (said.code, said.out.splitlines()[0]) == (0, "3 of 3 runs landed")
        assert "failed" not in said.out
        assert f"cut into {cut.id}" in said.out
        (result,) = forebay("watch", "b1", "--json").events
        assert (result["landed"], result["failed"]) == (3, 0)

    def test_a_batch_whose_parts_run_can_be_canceled(self, cut: Batch, house: House, forebay: Forebay) -> None:
        assert "nothing to cancel" not in forebay("cancel", "b1").out
        assert house.ledger.canceled_at(cut.id)

    def test_a_retry_takes_up_its_parts_and_not_the_whole(self, cut: Batch, house: House, forebay: Forebay) -> None:
        assert "nothing to retry" in forebay("retry", "b1", "--failed").out
        (first, second) = (house.hand.begin_one(), house.hand.begin_one())
        house.hand.fail(first, "No.")
        house.hand.land(second)
        assert "1 run taken up again" in forebay("retry", "b1", "--failed").out
        again = house.hand.begin_one()
        assert (again.flow, again.attempt) == (cut.id, 1)


class TestTheSupervisor:
    """What keeps the embedded workers alive."""

    def test_stays_until_the_batch_is_closed(self, house: House) -> None:
        house.open()
        house.settle()
        assert unfinished(house.client)
        house.advance()
        assert not unfinished(house.client)

    def test_stays_while_a_canary_decides(self, house: House) -> None:
        house.open(canary=True)
        house.settle()
        assert unfinished(house.client)

    def test_does_not_wait_for_a_person(self, house: House) -> None:
        house.open(canary=True)
        house.settle(failing=1)
        assert unfinished(house.client)
        house.advance()
        assert not unfinished(house.client)

    def test_closes_what_was_stopped_and_then_canceled(self, house: House, forebay: Forebay) -> None:
        house.open(canary=True)
        house.settle(failing=1)
        house.advance()
        forebay("cancel", "b1")
        assert unfinished(house.client)
        house.advance()
        assert not unfinished(house.client)
        assert forebay("watch", "b1").code == 6
