"""A process that dies at any operation of closing, retrying or releasing leaves nothing that the next does not mend."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from forebay.governor.errors import GovernorError
from forebay.landing.manifest import SUFFIX
from forebay.scheduler.closing.reviewing import Reviewer
from forebay.store.errors import StoreError
from forebay.store.ledger.outcomes import Release
from tests.deaths.death_rows import without_a_row, without_an_io
from tests.deaths.mortal import Death, Spot
from tests.scheduler.closing.closing_stories import (
    STORIES,
    End,
    Mortal,
    Story,
    assert_objects_stand_beside,
    begin_badly_checked,
    tell,
)
from tests.scheduler.closing.conftest import SQL_ERROR, TOLD, House, item, policy

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("no_power_cut")]

DONE = pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])


@pytest.fixture
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here and the disk does not: what is written is there for the next one, forced to disk or not."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def test_each_io_of_a_closing_has_its_row(house: House) -> None:
    seen: set[str] = set()
    for number, story in enumerate(STORIES.values()):
        calm = Death()
        tell(house, story, f"run-{number}-z", calm)
        seen |= calm.seen.keys()

    # What cuts a run submits its parts.
    assert not without_a_row(seen, "closing", "forebay submit")
    assert not without_an_io(seen, "closing")


@DONE
@pytest.mark.parametrize("name", STORIES)
def test_a_closer_that_dies_at_a_change_is_made_good_by_the_next(house: House, name: str, done: bool) -> None:
    story, calm = STORIES[name], Death()
    expected = tell(house, story, "run-0-z", calm)
    assert expected.closing["outcome"] == story.outcome
    assert bool(expected.stop) == (story.outcome == "stopped")
    assert len(expected.messages) == story.messages
    left = [path for path in expected.files if path.startswith("_quarantine/") and SUFFIX in path]
    assert left == [f"_quarantine/BATCH/{stays}{SUFFIX}" for stays in story.quarantined]

    for number, spot in enumerate(calm.changes(), 1):
        assert_made_good(house, story, f"run-{number}-z", expected, Death(spot, done=done))
    assert_objects_stand_beside(house, house.files)  # no tale took anything from one before it


@DONE
def test_a_closer_that_dies_as_it_reads_is_made_good_by_the_next(house: House, done: bool) -> None:
    met: set[Spot] = set()
    for name, story in STORIES.items():
        calm = Death()
        expected = tell(house, story, f"{name.replace(' ', '-')}-z", calm)
        for spot in set(calm.reads()) - met:
            assert_made_good(house, story, f"run-{len(met)}-z", expected, Death(spot, done=done))
            met.add(spot)


def assert_made_good(house: House, story: Story, batch: str, expected: End, death: Death) -> None:
    end = tell(house, story, batch, death)
    assert death.struck, death.spot
    if death.spot and death.spot.operation == ("tell people" if death.done else "store put told mark"):
        # Told, and it could not be noted: twice is better than never.
        assert end.messages[:-1] == expected.messages, death.spot
    else:
        assert end.messages == expected.messages, death.spot
    assert (end.closing, end.stop) == (expected.closing, expected.stop), death.spot
    assert end.files == expected.files, death.spot
    assert end.executions == expected.executions, death.spot


def begin_failed(house: House, batch: str) -> None:
    house.results["fees"] = SQL_ERROR
    house.open([item("fees"), item("refunds")], policy(notify=TOLD), batch)
    house.work()
    house.round()
    house.results.clear()


def retry(mortal: Mortal, batch: str) -> None:
    mortal.retrier.retry(batch)


def release(mortal: Mortal, batch: str) -> None:
    decision = Release(at=datetime.now(UTC), by="ada", reason="it is wanted")
    Reviewer(mortal.ledger, mortal.client).release(batch, decision)


def dies(house: House, batch: str, command: Callable[[Mortal, str], None], death: Death) -> None:
    try:
        command(Mortal(house, death), batch)
    except (StoreError, GovernorError):
        assert death.struck


@DONE
def test_a_retry_that_dies_there_is_made_good_by_another(house: House, done: bool) -> None:
    calm = Death()
    begin_failed(house, "b0")
    retry(Mortal(house, calm), "b0")
    assert not without_a_row(calm.seen, "forebay retry")
    assert not without_an_io(calm.seen, "forebay retry")

    for number, spot in enumerate(calm.spots(), 1):
        batch, death = f"b{number}", Death(spot, done=done)
        begin_failed(house, batch)
        dies(house, batch, retry, death)
        assert death.struck, spot
        if number % 2:
            house.round()  # a closer may come between
        retry(Mortal(house, Death()), batch)
        house.work()
        house.round()
        closing = house.ledger.closing(batch)
        assert closing and closing.outcome == "landed", spot
        assert house.read(f"{batch}/_batch.json")["outcome"] == "landed"


@DONE
def test_a_release_that_dies_there_is_made_good_by_another(house: House, done: bool) -> None:
    calm = Death()
    begin_released(house, "b0", calm)
    assert not without_a_row(calm.seen, "forebay release")
    assert not without_an_io(calm.seen, "forebay release")

    for number, spot in enumerate(calm.spots(), 1):
        batch, death = f"b{number}", Death(spot, done=done)
        begin_released(house, batch, death)
        assert death.struck, spot
        if house.ledger.closing(batch):
            release(Mortal(house, Death()), batch)
        else:
            house.closing_queue.add(batch, 0)  # as whoever looks after open batches does
        house.round()
        closing = house.ledger.closing(batch)
        assert closing and closing.outcome == "landed", spot


def begin_released(house: House, batch: str, death: Death) -> None:
    begin_badly_checked(house, batch)
    house.work()
    house.round()
    dies(house, batch, release, death)
