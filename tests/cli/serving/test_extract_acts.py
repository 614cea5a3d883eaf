"""A backfill is asked for as any other act: counted first, refused in words, by the page and by a program."""

from pathlib import Path

import httpx
import pytest
import redis

from tests.cli.commands.spec.test_extracts import first_day, ledger, spec
from tests.cli.conftest import Forebay
from tests.cli.serving.test_acts import do, outlook
from tests.cli.serving.test_backfills import ACT, DayOf, day, deeds, served

__all__ = ["day", "first_day", "served", "spec"]


def test_the_number_comes_first_and_nothing_is_submitted_by_looking(
    served: Path, page: httpx.Client, day: DayOf
) -> None:
    said = outlook(page, f"{ACT}?from={day(1)}&to={day(3)}")

    assert "Backfill 2 windows of daily: 2 runs" in said
    assert "2 windows to fill, of 2 (2 run)" in said
    assert '<input type="hidden" name="shown" value="2">' in said
    assert f'<input type="hidden" name="from" value="{day(1)}">' in said
    assert not list(ledger(served).names.folders())


def test_each_gap_is_offered_with_the_command_that_does_the_same(served: Path, page: httpx.Client, day: DayOf) -> None:
    (gap,) = page.get("/api/v1/extracts/daily").json()["gap_ranges"]

    assert (gap["from"], gap["to"], gap["windows"]) == (day(0), day(3), 3)
    assert gap["next"] == f"forebay backfill daily --from {day(0)} --to {day(3)}"
    assert f'href="{ACT}?from={day(0)}&amp;to={day(3)}"' in page.get("/x/daily").text


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?from=yesterday", 400, "write a date such as"),
        ("?from=2999-01-01", 400, "lies ahead"),
        ("?to=2000-01-01", 400, "is not after the start of daily"),
        ("?from={last}&to={first}", 400, "is not before --to"),
        ("?windows=1,2", 400, "takes no &#39;windows&#39;"),
    ],
)
def test_a_range_that_cannot_be_is_said_in_words(
    served: Path, page: httpx.Client, query: str, status: int, said: str, day: DayOf
) -> None:
    answer = page.get(ACT + query.format(last=day(2), first=day(1)))

    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_while_the_extract_is_paused_none_is_begun(served: Path, page: httpx.Client) -> None:
    do(page, "/act/pause-extract/daily")

    assert "extract daily is paused" in page.get(ACT).text
    assert page.post(ACT, data={"why": "x"}).status_code == 400
    assert ACT not in page.get("/x/daily").text
    assert deeds(served).going_on() == []


def test_more_than_was_shown_is_not_begun(served: Path, page: httpx.Client) -> None:
    answer = page.post(ACT, data={"why": "x", "shown": "2"})

    assert answer.status_code == 400 and "it was 2 runs, and has become 3" in answer.text
    assert deeds(served).going_on() == []


def test_without_a_gap_there_is_nothing_to_do(
    served: Path, deployed: redis.Redis, page: httpx.Client, forebay: Forebay, day: DayOf
) -> None:
    for number in range(3):
        assert forebay("submit", "daily", "--window", day(number)).code == 0

    assert "Among 3 windows there is no gap" in outlook(page, ACT)
    assert page.post(ACT, data={"why": "x"}).status_code == 400


def test_a_program_begins_one_by_the_api_and_stops_it(served: Path, page: httpx.Client, day: DayOf) -> None:
    span = {"from": day(1), "to": day(3)}
    said = page.post("/api/v1/extracts/daily/backfill", json={**span, "dry_run": True}).json()
    assert (said["runs"], said["nothing"]) == (2, False)

    deed = page.post("/api/v1/extracts/daily/backfill", json={**span, "why": "asked by the month"}).json()
    assert deed.items() >= {"act": "backfill-extract", "target": "daily", "asked": span, "going_on": True}.items()
    assert [*deeds(served).going_on()] == [deed["deed"]]

    assert page.post(f"/api/v1/deeds/{deed['deed']}/stop", json={}).json()["done"] is True
    assert not [*deeds(served).going_on()]
    assert page.get(f"/api/v1/deeds/{deed['deed']}").json()["going_on"] is False
