"""A beat that dies at any operation of a round leaves nothing that the next round does not mend."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.scheduler.notify import Message
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.local import LocalStore
from tests.deaths.death_rows import without_a_row, without_an_io
from tests.deaths.mortal import Death, Spot
from tests.scheduler.extracts.test_rounds import NOON, rounds
from tests.worker.conftest import World


@dataclass
class Beats:
    """Beats of one extract, one after the other, in a world that can begin anew."""

    world: World
    folder: Path
    schedule: str
    told: list[Message] = field(default_factory=list)

    def begin(self) -> None:
        self.told.clear()
        self.world.rt.redis.flushall()
        for place in (self.world.destination.parent / "ledger", self.folder / "marks", self.folder / "probes"):
            shutil.rmtree(place, ignore_errors=True)

    def round(self, at: datetime, death: Death | None = None) -> None:
        more = ", notify: {command: ['true'], on: [late]}"
        beat = rounds(self.world, self.folder, self.schedule, self.told, more, death=death)
        made = beat.make("fees", at)
        assert bool(made.problem) == bool(death and death.struck), made.problem

    def state(self) -> dict[str, Any]:
        """Says what has come of it all."""
        ledger = Ledger(LocalStore(self.world.destination.parent / "ledger"))
        marks = Marks(LocalStore(self.folder / "marks"))
        batches = [ledger.batch_in(folder) for folder in ledger.names.folders()]
        flows = [self.world.view.flow(flow.lane, batch.id) for batch in batches for flow in batch.flows]
        return {
            "batches": [batch.id for batch in batches],
            "flows": [flow and (flow.size, flow.waiting + flow.held) for flow in flows],
            "closing": sorted(ClosingQueue(self.world.rt.redis).all()),
            "skipped": sorted(marks.all("fees", "skipped")),
            "late": sorted(marks.all("fees", "late")),
            "told": [message.subject for message in self.told],
        }


def begin_late(beats: Beats) -> None:
    """Two windows are missing, and late."""
    Marks(LocalStore(beats.folder / "marks")).first_seen("fees", NOON - timedelta(days=4))


def begin_never_seen(beats: Beats) -> None:
    """Nobody ever made a round over it."""


def begin_overlapped(beats: Beats) -> None:
    """A window runs, and others come due."""
    beats.round(datetime(2026, 10, 2, 1, tzinfo=UTC))


def begin_lost(beats: Beats) -> None:
    """Redis lost windows that run."""
    beats.round(NOON - timedelta(days=2))
    beats.world.rt.redis.flushall()


#: How it begins, the schedule, and when the round is.
StoryOfBeat = tuple[Callable[[Beats], None], str, datetime]


def stories(today: datetime) -> list[StoryOfBeat]:
    """Tells them; whatever comes due after today is overlapped by a window that is accepted now."""
    return [
        (begin_late, "when: at_end, catch_up: all, overlap: allow, late_after: 1h", NOON - timedelta(days=2)),
        (begin_overlapped, "when: at_end, catch_up: all, overlap: skip", today + timedelta(days=2, hours=1)),
        (begin_never_seen, "when: data_ready, catch_up: all, overlap: allow", NOON),
        (begin_lost, "when: at_end, catch_up: none, overlap: allow", NOON - timedelta(days=2)),
    ]


pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("no_power_cut")]


@pytest.fixture
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here and the disk does not."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def tell(world: World, folder: Path, story: StoryOfBeat, death: Death) -> dict[str, Any]:
    """One round that may die, and one that does not; what has come of them."""
    begin, schedule, at = story
    beats = Beats(world, folder, schedule)
    beats.begin()
    begin(beats)
    beats.round(at, death)
    beats.round(at)
    return beats.state()


def test_each_io_of_a_round_has_its_row(world: World, tmp_path: Path, today: datetime) -> None:
    seen: set[str] = set()
    for story in stories(today):
        calm = Death()
        tell(world, tmp_path, story, calm)
        seen |= calm.seen.keys()

    assert not without_a_row(seen, "beat's round", "forebay submit")
    assert not without_an_io(seen, "beat's round")


@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
def test_a_beat_that_dies_there_is_made_good_by_the_next_round(
    world: World, tmp_path: Path, today: datetime, done: bool
) -> None:
    met: set[Spot] = set()
    for story in stories(today):
        calm = Death()
        expected = tell(world, tmp_path, story, calm)
        # Where it submits, `forebay submit` has told what happens; here it is the next round that goes on.
        for spot in [spot for spot in calm.spots() if spot not in met]:
            met.add(spot)
            death = Death(spot, done=done)
            state = tell(world, tmp_path, story, death)
            assert death.struck, spot
            if spot.operation == ("store create late mark" if done else "tell people"):
                # Marked, and people were not told: once a window, and never twice, however many beats there are.
                assert len(state.pop("told")) == len(expected["told"]) - 1, spot
            assert state == {key: expected[key] for key in state}, spot
