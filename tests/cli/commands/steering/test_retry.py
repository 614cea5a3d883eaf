"""`forebay retry`: which runs, with which text, and what it says of those that it leaves."""

import io
import sys
from pathlib import Path

import pytest
import redis

from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay
from tests.cli.worker import LANE, Hand


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    """Of three queries, `charges` and `fees` failed of their text, and `refunds` waits or runs."""
    batch = forebay("submit", *queries, "--to", "out").out.strip()
    hand = Hand(deployed)
    for custody in (hand.begin_one(), hand.begin_one()):
        hand.fail(custody, "line 1:8: no such column")
    return batch


def states(deployed: redis.Redis, batch: str) -> list[RunState]:
    return View(deployed).states(LANE, batch, 0, 3)


def asked(batch: str, index: int, attempt: int) -> str:
    return Ledger(LocalStore(Path(".forebay/ledger"))).item(batch, LANE, index, attempt).sql


def mend_fees() -> None:
    Path("q/fees.sql").write_text("SELECT sum(amount) FROM fees")


def test_mended_sql_is_shown_and_asked(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    mend_fees()

    said = forebay("retry", batch, "--failed", "--sql-again", "--yes")

    assert said.code == 0, said.err
    assert "-SELECT count(*) FROM fees" in said.out
    assert "+SELECT sum(amount) FROM fees" in said.out
    assert "1 run taken up again" in said.out
    assert "the SQL of 1 run has not changed, so they stay failed: charges" in said.err
    assert states(deployed, batch)[:2] == [RunState.FAILED, RunState.GRANTED]
    assert asked(batch, 1, attempt=1) == "SELECT sum(amount) FROM fees"


def test_the_diff_is_in_json_too(batch: str, forebay: Forebay) -> None:
    mend_fees()

    mended, result = forebay("retry", batch, "--failed", "--sql-again", "--yes", "--json").events

    assert (mended["event"], mended["name"], mended["runs"]) == ("mended", "fees", 1)
    assert "+SELECT sum(amount) FROM fees" in mended["diff"].split("\n")
    assert (result["retried"], result["mended"]) == (1, 1)


def test_where_nothing_changed_nothing_is_retried(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    said = forebay("retry", batch, "--failed", "--sql-again")

    assert said.code == 0, said.err
    assert "nothing to retry: 2 runs stay failed" in said.out
    assert "the SQL of 2 runs has not changed" in said.err
    result = forebay("retry", batch, "--failed", "--sql-again", "--json").events[-1]
    assert (result["retried"], result["unchanged"], result["gone"]) == (0, 2, 0)
    assert states(deployed, batch)[:2] == [RunState.FAILED, RunState.FAILED]


def test_nobody_to_ask_ends_with_2_and_the_way(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    mend_fees()

    said = forebay("retry", batch, "--failed", "--sql-again")

    assert said.code == 2
    assert "the same command with --yes goes on" in said.err
    assert states(deployed, batch)[1] is RunState.FAILED


@pytest.mark.parametrize(("answer", "state"), [("y\n", RunState.GRANTED), ("n\n", RunState.FAILED)])
def test_a_person_is_asked(
    batch: str,
    deployed: redis.Redis,
    forebay: Forebay,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    state: RunState,
) -> None:
    mend_fees()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert forebay("retry", batch, "--failed", "--sql-again").code == 0
    assert states(deployed, batch)[1] is state


def test_a_file_that_is_gone_is_named(batch: str, forebay: Forebay) -> None:
    Path("q/fees.sql").unlink()

    said = forebay("retry", batch, "--run", "fees", "--sql-again", "--yes")

    assert "the SQL of 1 run is not where it came from, so they stay failed: fees" in said.err


def test_the_same_sql_again_is_said_to_be_in_vain(batch: str, forebay: Forebay) -> None:
    said = forebay("retry", batch, "--run", "fees")

    assert "1 run taken up again" in said.out
    assert "1 run of them will ask the same SQL, of which they failed" in said.err
    assert f"forebay retry {batch} --failed --sql-again" in said.err


def test_a_batch_of_standard_input_is_advised_to_be_a_new_one(
    deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 1"))
    batch = forebay("submit", "-", "--to", "out").out.strip()
    hand = Hand(deployed)
    for custody in hand.start():
        hand.fail(custody, "line 1:8: no such column")

    said = forebay("watch", batch)

    assert "its text stays as it was accepted; mend it, and submit it as a new batch" in said.out
    assert "--sql-again" not in said.out
    assert forebay("retry", batch, "--failed", "--sql-again").code == 2


def test_the_summary_says_what_helps_each_cause(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> None:
    batch = forebay("submit", *queries, "--to", "out").out.strip()
    hand = Hand(deployed)
    hand.fail(hand.begin_one(), "line 1:8: no such column")
    for custody in (hand.begin_one(), hand.begin_one()):
        hand.land(custody)

    said = forebay("watch", batch)

    assert f"→ sql: mend the SQL, then: forebay retry {batch} --failed --sql-again" in said.out


def test_a_name_that_is_none_is_told_with_the_near_miss(batch: str, forebay: Forebay) -> None:
    said = forebay("retry", batch, "--run", "fee")

    assert said.code == 2
    assert "did you mean 'fees'?" in said.err
