"""A backfill that cannot get on says so, and one that is interrupted says how to go on, in `--json` too."""

import json
import signal
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.deployment import open_deployment
from forebay.cli.following.filling_told import ToldHere
from forebay.cli.following.gap_filler import GapFiller
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.submitting.backfill_plan import plan_backfill
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.errors import BudgetExceeded
from forebay.scheduler.extracts.gaps import gaps, windows
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.store.ledger.ledger import Ledger
from tests.cli.commands.spec.test_extracts import WindowOf, first_day, spec, window
from tests.cli.conftest import Forebay, start
from tests.cli.worker import Hand
from tests.deaths.mortal import Death, Spot, mortal_store
from tests.scheduler.closing.conftest import closing

__all__ = ["first_day", "spec", "window"]


class AfterRounds(Interrupts):
    """Is interrupted after so many rounds, and waits for none."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._left = rounds

    def wait(self, seconds: float) -> signal.Signals | None:
        self._left -= 1
        return None if self._left else signal.SIGTERM


def test_where_the_budget_ends_in_its_midst_the_rest_is_left_and_what_was_submitted_is_followed(
    spec: Path, deployed: redis.Redis, today: datetime
) -> None:
    written = spec / "forebay.yaml"
    written.write_text(written.read_text().replace("  daily:\n", "  daily:\n    budget: {runs_per_day: 2}\n"))
    settings = Settings()
    config = load_config(settings)
    assert config.written
    calendar = calendar_of(config.written, "daily")
    with open_deployment(settings, config) as deployment:
        asked = list(windows(calendar, None, None, today))
        todo = deque(gaps(StatusReader(deployment.ledger, deployment.marks).read("daily", asked).windows))
        missing, todo_before = len(todo), [*todo]

        filled = GapFiller(deployment, "daily", calendar, todo, ToldHere(as_json=True)).fill(
            config.connection(), AfterRounds(2)
        )

        plan = plan_backfill(
            deployment.ledger,
            "daily",
            missing,
            todo_before,
            GapFiller(deployment, "daily", calendar, deque(todo_before), ToldHere(as_json=True)).expansion(
                todo_before[0]
            ),
            past=None,
            prices=Prices(),
        )
        assert "  budget    0 runs left today (UTC): the same command goes on" in "\n".join(plan.lines())
        assert filled.refused
        assert (filled.left, filled.refused.spent) == (missing - 2, 2)
        todo = deque(gaps(StatusReader(deployment.ledger, deployment.marks).read("daily", asked).windows))
        with pytest.raises(BudgetExceeded, match="nothing was begun"):
            GapFiller(deployment, "daily", calendar, todo, ToldHere(as_json=True)).fill(
                config.connection(), AfterRounds(2)
            )


@pytest.mark.system
def test_that_nobody_works_is_told_and_so_is_a_pause_and_the_way_to_go_on(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    process = start("backfill", "daily", "--json")
    try:
        assert process.stdout
        told: list[dict[str, Any]] = []

        def cause(kind: str) -> dict[str, Any]:
            for line in process.stdout or ():
                told.append(json.loads(line))
                if told[-1].get("cause") == kind:
                    return told[-1]
            pytest.fail(f"{kind} was not told")

        assert cause("no_worker")["next"] == "start one with: forebay worker"
        process.send_signal(signal.SIGTERM)
        *_, last = map(json.loads, process.stdout)
        assert (last["event"], last["exit"], last["extract"]) == ("result", 143, "daily")
        assert "the same command goes on" in last["next"]
        assert process.wait() == 143
    finally:
        process.kill()
        process.communicate()


def test_of_windows_that_run_the_ledger_is_not_asked_whether_they_ended(
    spec: Path, deployed: redis.Redis, today: datetime
) -> None:
    settings = Settings()
    config = load_config(settings)
    assert config.written
    calendar, calm = calendar_of(config.written, "daily"), Death(Spot("never"))
    with open_deployment(settings, config) as deployment:
        asked = windows(calendar, None, None, today)
        todo = deque(gaps(StatusReader(deployment.ledger, deployment.marks).read("daily", list(asked)).windows))
        runtime, open_store = deployment.runtime, deployment.runtime.open_store
        runtime.open_store = lambda url: mortal_store(open_store(url), calm)
        runtime.ledger = Ledger(runtime.open_store(settings.ledger))
        filler = GapFiller(deployment, "daily", calendar, todo, ToldHere(as_json=True))

        filled = filler.fill(config.connection(), AfterRounds(3))

    assert (filled.signum, dict(filled.ended), not todo) == (signal.SIGTERM, {}, True)
    assert not {operation for operation in calm.seen if "closing" in operation}


def test_a_window_that_somebody_retried_since_it_was_looked_at_is_not_retried_once_more(
    spec: Path, deployed: redis.Redis, today: datetime, first_day: datetime, window: WindowOf, forebay: Forebay
) -> None:
    assert forebay("submit", "daily", "--window", f"{first_day:%Y-%m-%d}").code == 0
    batch, hand, settings = window(0), Hand(deployed), Settings()
    with open_deployment(settings, load_config(settings)) as deployment:
        kept, config = deployment.ledger, deployment.config
        assert config.written
        calendar = calendar_of(config.written, "daily")

        def fails(at: datetime) -> None:
            hand.fail(hand.begin_one(), "no such column")
            assert kept.record_closing(batch, closing(outcome="failed", landed=0, failed=1, at=at), after=len(ended))
            ended.append(at)

        ended: list[datetime] = []
        fails(today)
        first = next(windows(calendar, None, None, today))
        todo = deque(gaps(StatusReader(kept, deployment.marks).read("daily", [first]).windows))
        assert [gap.act for gap in todo] == ["retry"]
        deployment.retrier.retry(batch)
        ended.append(today)  # the word by which it was opened again
        fails(today + timedelta(minutes=1))

        filled = GapFiller(deployment, "daily", calendar, todo, ToldHere(as_json=True)).fill(
            config.connection(), AfterRounds(3)
        )

        assert deployment.reader.progress(kept.batch(batch)).failed == 1, "what failed again had its turn"
        assert [each.at for each in filled.ended.values()] == [ended[-1]]
