"""Deeds are kept until they are pruned, and those that go on until they are over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.store.ledger.deeds import Deed, Deeds
from forebay.store.local import LocalStore

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.fixture
def deeds(tmp_path: Path) -> Deeds:
    return Deeds(LocalStore(tmp_path))


def deed(days_ago: float = 0) -> Deed:
    at = NOW - timedelta(days=days_ago)
    return Deed(at=at, by="ana", known_by="here", act="retry", target="b1", why="Ana asked")


def test_one_that_goes_on_is_found_until_it_is_over(deeds: Deeds) -> None:
    name = deeds.begin(deed(), "0a0b0c", goes_on=True)
    other = deeds.begin(deed(), "0d0e0f")

    assert (deeds.going_on(), deeds.goes_on(name), deeds.goes_on(other)) == ([name], True, False)
    deeds.over(name)
    deeds.over(name)
    assert (deeds.going_on(), deeds.goes_on(name)) == ([], False)
    assert deeds.one(name) == deed()


def test_old_ones_are_pruned_and_what_goes_on_or_is_not_ours_stays(deeds: Deeds, tmp_path: Path) -> None:
    old, new = deeds.begin(deed(40), "0a0b0c"), deeds.begin(deed(3), "0a0b0c")
    on = deeds.begin(deed(50), "0a0b0c", goes_on=True)
    (tmp_path / "deeds" / "2-of-somebody.json").write_text("{}")

    assert deeds.prune(NOW - timedelta(days=30)) == 1

    assert [deeds.one(name) is None for name in (old, new, on)] == [True, False, False]
    assert (tmp_path / "deeds" / "2-of-somebody.json").exists()
    assert deeds.prune(NOW - timedelta(days=30)) == 0


def test_what_came_of_one_is_listed_after_it_was_read_without(deeds: Deeds) -> None:
    name = deeds.begin(deed(), "0a0b0c")
    assert [each.came for _, each in deeds.newest(NOW)] == [None]

    deeds.end(name, Deed(at=NOW, by="ana", known_by="here", act="retry", target="b1", why="x", came="done", done=True))

    assert [each.came for _, each in deeds.newest(NOW)] == ["done"]
    assert [each.came for _, each in deeds.newest(NOW)] == ["done"]
