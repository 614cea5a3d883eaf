"""A backfill that dies at any operation on the way to its end is gone on with by the same command."""

import os
import shutil
import signal
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.commands.spec import backfill
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.errors import PreflightFailed
from forebay.cli.following import gap_filler
from forebay.cli.following.interrupts import Interrupts
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.errors import GovernorError
from forebay.governor.view import View
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.errors import SchedulerError
from forebay.scheduler.extracts.gaps import windows
from forebay.store.errors import NotFound, StoreError
from forebay.store.ledger.ledger import Ledger
from tests.cli.commands.spec.test_extracts import WindowOf, first_day, ledger, spec, window
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand
from tests.deaths.death_rows import without_a_row, without_an_io
from tests.deaths.mortal import Death, MortalRedis, Spot, mortal_store
from tests.scheduler.closing.conftest import closing

__all__ = ["first_day", "spec", "window"]

#: Seven are sent until all windows are submitted; from then on each look how they stand is one.
AT_ITS_END = Spot("pipeline", 12)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again at once; and processes die here, while the disk does not."""
    monkeypatch.setattr(gap_filler, "EVERY_S", 0.0)
    monkeypatch.setattr(os, "fsync", lambda _: None)


class EndOf(Interrupts):
    """A process that has died does not go on, as one does for which only Redis is away."""

    def __init__(self, death: Death) -> None:
        super().__init__()
        self._death = death

    def wait(self, seconds: float) -> signal.Signals | None:
        return signal.SIGTERM if self._death.struck else super().wait(seconds)


class Story:
    """A gap of each kind: a window without a batch, one that failed, one that was given up."""

    def __init__(
        self, folder: Path, client: redis.Redis, forebay: Forebay, first_day: datetime, window: WindowOf
    ) -> None:
        self._folder, self._client = folder, client
        self._now = first_day + timedelta(days=3)
        self._settings = Settings()
        self._config = load_config(self._settings)
        assert self._config.written
        self._calendar = calendar_of(self._config.written, "daily")
        for day in (1, 2):
            said = forebay("submit", "daily", "--window", f"{first_day + timedelta(days=day):%Y-%m-%d}")
            assert said.code == 0, said.err
        hand = Hand(client)
        for custody in hand.start():
            if custody.flow == window(1):
                hand.fail(custody, "no such column")
            else:
                hand.land(custody)
        for day, outcome in ((1, "failed"), (2, "canceled")):
            assert ledger(folder).record_closing(window(day), closing(outcome=outcome), after=0)
        shutil.copytree(folder / ".forebay", folder / "as it began")
        raw: Any = client
        self._held = {key: raw.dump(key) for key in raw.scan_iter()}

    def begin(self) -> None:
        """Makes the world what it was before anybody filled anything."""
        shutil.rmtree(self._folder / ".forebay")
        shutil.copytree(self._folder / "as it began", self._folder / ".forebay")
        self._client.flushall()
        for key, value in self._held.items():
            self._client.restore(key, 0, value)

    def fill(self, death: Death) -> None:
        """Gives the command, which ends by dying, or since there is nothing to do any more."""
        with self._deployment() as deployment:
            asked = list(windows(self._calendar, None, None, self._now))
            interrupts = EndOf(death)
            try:
                code = backfill.fill_gaps(self._mortal(deployment, death), "daily", asked, interrupts=interrupts)
                assert code == (143 if death.struck else 0)
            except (ConfigError, GovernorError, SchedulerError, StoreError, PreflightFailed):
                assert death.struck

    def tend(self) -> None:
        """Does what whoever tends does each minute."""
        with self._deployment() as deployment:
            deployment.reconciler.all()

    def _deployment(self) -> AbstractContextManager[Deployment]:
        return open_deployment(self._settings, self._config)

    def _mortal(self, deployment: Deployment, death: Death) -> Deployment:
        runtime = deployment.runtime
        open_store = runtime.open_store
        runtime.redis = MortalRedis(runtime.redis, death)
        runtime.open_store = lambda url: mortal_store(open_store(url), death)
        runtime.ledger = Ledger(runtime.open_store(deployment.settings.ledger))
        return deployment

    def state(self) -> dict[str, Any]:
        found, view = ledger(self._folder), View(self._client)
        batches = []
        for folder in found.names.folders():
            with suppress(NotFound):  # what was left of one that came to nothing
                batches.append(found.batch_in(folder))
        flows = [view.flow(flow.lane, batch.id) for batch in batches for flow in batch.flows]
        return {
            batch.id: flow and (flow.size, flow.waiting + flow.held, flow.standing.flow_class)
            for batch, flow in zip(batches, flows, strict=True)
        }


def tell(story: Story, death: Death) -> dict[str, Any]:
    """Tells of a command that dies, the same command given again, and whoever tends; says what has come of them."""
    story.begin()
    story.fill(death)
    story.fill(Death(AT_ITS_END))
    story.tend()
    return story.state()


def test_each_io_of_a_backfill_has_its_row_and_who_dies_there_is_gone_on_with(
    spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime, window: WindowOf
) -> None:
    story, calm = Story(spec, deployed, forebay, first_day, window), Death(AT_ITS_END)
    expected = tell(story, calm)
    assert not without_a_row(calm.seen, "forebay backfill", "forebay submit", "forebay retry")
    assert not without_an_io(calm.seen, "forebay backfill")
    assert list(expected) == [window(0), window(1), f"{window(2)}.r2", window(2)]
    assert [flow and flow[1] for flow in expected.values()] == [1, 1, 1, 0], "each is filled once"

    # Each window is submitted alike, so the first of each operation stands for all.
    for operation, seen in calm.seen.items():
        for done in (False, True) if seen.changes else (False,):
            death = Death(Spot(operation), done=done)
            assert tell(story, death) == expected, death.spot
            assert death.struck, death.spot
