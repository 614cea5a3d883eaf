"""A process that dies at any operation while it fills gaps for the page is gone on with by the next one."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.following import gap_filler
from forebay.cli.serving.backfills import Backfills
from forebay.governor.errors import GovernorError
from forebay.governor.keys import deed_turn
from forebay.store.errors import StoreError
from forebay.store.ledger.deeds import Deed, Deeds
from forebay.store.local import LocalStore
from tests.cli.commands.spec.test_deaths import Story
from tests.cli.commands.spec.test_extracts import WindowOf, first_day, spec, window
from tests.cli.conftest import Forebay
from tests.deaths.mortal import Death, Spot

__all__ = ["first_day", "spec", "window"]

#: All windows are submitted in the first; the others look how they stand.
ROUNDS = 2


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again at once; and processes die here, while the disk does not."""
    monkeypatch.setattr(gap_filler, "EVERY_S", 0.0)
    monkeypatch.setattr(os, "fsync", lambda _: None)


class Mortal(Backfills):
    """What one process fills until it dies, or ends after some rounds."""

    death: Death
    rounds = 0

    def ending(self, seconds: float) -> bool:
        self.rounds += 1
        return bool(self.death.struck) or self.rounds >= ROUNDS


class PageStory(Story):
    """The same gaps, filled for the page."""

    def begin(self) -> None:
        super().begin()
        self._deeds = Deeds(LocalStore(self._folder / ".forebay" / "ledger"))
        deed = Deed(at=datetime.now(UTC), by="ana", known_by="here", act="backfill-extract", target="daily", why="x")
        self._name = self._deeds.begin(deed, "0a0b0c", goes_on=True)

    def fill(self, death: Death) -> None:
        with self._deployment() as deployment:
            filling = Mortal(self._mortal(deployment, death))
            filling.death = death
            with suppress(GovernorError, StoreError):
                filling.carry_on(self._name)
        self._client.delete(deed_turn(self._name))  # as if its time had passed

    @property
    def goes_on(self) -> bool:
        return self._deeds.goes_on(self._name)


def tell(story: PageStory, death: Death) -> dict[str, Any]:
    """Tells of a process that dies, of the next one, and of whoever tends; says what has come of them."""
    story.begin()
    story.fill(death)
    assert story.goes_on, death.spot
    story.fill(Death(Spot("never")))
    story.tend()
    assert story.goes_on, "its windows have not ended"
    return story.state()


def test_who_dies_at_any_io_of_it_is_gone_on_with_and_each_gap_is_filled_once(
    spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime, window: WindowOf
) -> None:
    story, calm = PageStory(spec, deployed, forebay, first_day, window), Death(Spot("never"))
    expected = tell(story, calm)
    assert list(expected) == [window(0), window(1), f"{window(2)}.r2", window(2)]
    assert [flow and flow[1] for flow in expected.values()] == [1, 1, 1, 0], "each is filled once"

    for operation, seen in calm.seen.items():
        for done in (False, True) if seen.changes else (False,):
            death = Death(Spot(operation), done=done)
            assert tell(story, death) == expected, death.spot
            assert death.struck, death.spot
