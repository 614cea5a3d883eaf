"""A process that dies right before or right after any I/O of a step loses nothing and makes nothing twice."""

import pytest
import redis

from tests.deaths.death_rows import ROWS, DeathRow
from tests.interleaving.baton import DEATHS, Fate
from tests.interleaving.deaths import SEEDS, DeathStory, Row

#: The steps of the story; the others' rows are with their own tests.
TOLD = [row for row in ROWS if row.step in ("forebay submit", "pump", "submit", "poll", "download")]


def test_each_io_of_each_step_has_its_row(pool: redis.ConnectionPool) -> None:
    seen: set[Row] = set()
    for seed in SEEDS:
        story = DeathStory(pool, seed=seed)
        story.tell()
        seen |= story.calm.seen.keys()

    rows = [(row.step, row.operation) for row in TOLD]
    assert len(rows) == len(set(rows))
    assert seen == set(rows), "say in death_rows.py what happens if the process dies there"


@pytest.mark.parametrize("fate", DEATHS, ids=str)
@pytest.mark.parametrize("row", TOLD, ids=lambda row: f"{row.step}: {row.operation}")
def test_who_dies_there_is_made_good_by_the_others(row: DeathRow, fate: Fate, pool: redis.ConnectionPool) -> None:
    for seed in SEEDS:
        story = DeathStory(pool, (row.step, row.operation), fate, seed=seed)
        story.tell()
        if story.calm.struck:
            return

    raise AssertionError("it did not die")
