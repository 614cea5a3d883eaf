"""All that is known of a run is shown; pages end where there are none; an id that is mistyped is found."""

from pathlib import Path

import pytest
import redis

from tests.cli.conftest import Forebay
from tests.cli.definitions import batch_of, land
from tests.cli.worker import Hand

MANY_LINES = "line 3:8: Column 'custmer' cannot be resolved\n  in the second of two lines " + "x" * 200


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    said = forebay("submit", *queries)
    assert said.code == 0, said.err
    hand = Hand(deployed)
    hand.fail(hand.begin_one(), MANY_LINES)
    hand.begin_one()
    return said.out.strip()


def test_a_run_that_failed_is_shown_with_its_sql_its_times_and_the_whole_cause(batch: str, forebay: Forebay) -> None:
    shown = forebay("show", batch, "charges").out
    assert "sql          SELECT count(*) FROM charges" in shown
    assert "Column 'custmer' cannot be resolved" in shown
    assert "x" * 200 in shown
    assert "failed_at    2" in shown
    run = forebay("show", batch, "charges", "--json").events[0]
    assert run["sql"] == "SELECT count(*) FROM charges"
    assert run["failure"]["message"] == MANY_LINES


def test_a_run_at_stripe_is_shown_with_its_query_run_and_since_when(batch: str, forebay: Forebay) -> None:
    shown = forebay("show", batch, "fees").out
    assert "query_run    qryrun_1" in shown
    assert "granted_at   2" in shown


def test_a_cause_that_was_cut_says_where_it_is_whole(batch: str, forebay: Forebay) -> None:
    assert f"forebay show {batch} NAME" in forebay("show", batch).err


@pytest.mark.parametrize(("arguments", "pages"), [((), 3), (("--failed",), 1)])
def test_a_page_behind_the_last_one_says_how_many_there_are(
    batch: str, forebay: Forebay, arguments: tuple[str, ...], pages: int
) -> None:
    said = forebay("show", batch, "--limit", "1", "--page", "99", *arguments)
    assert said.code == 2
    assert f"has {pages} page" in said.err
    assert "there is no page 99" in said.err


def test_a_name_has_a_last_page_too(batch: str, forebay: Forebay) -> None:
    said = forebay("show", batch, "charges", "--page", "2")
    assert said.code == 2
    assert "no query" not in said.err
    assert "so there is no page 2" in said.err


def test_a_name_is_looked_for_among_those_that_failed_where_that_is_asked(batch: str, forebay: Forebay) -> None:
    assert forebay("show", batch, "charges", "--failed").code == 0
    said = forebay("show", batch, "fees", "--failed")
    assert said.code == 2
    assert "no run of that name that failed, 'fees'" in said.err


def test_the_way_to_the_next_page_keeps_what_was_asked_for(deployed: redis.Redis, batch: str, forebay: Forebay) -> None:
    hand = Hand(deployed)
    hand.fail(hand.begin_one(), "no")

    said = forebay("show", batch, "--failed", "--limit", "1")

    assert f"the next one: forebay show {batch} --failed --limit 1 --page 2" in said.err


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "change", "pause"])
def test_an_id_that_is_mistyped_is_found(batch: str, forebay: Forebay, command: str) -> None:
    more = ("--weight", "2") if command == "change" else ()
    for mistyped in (batch[:-2], batch[:-1] + "0", batch.replace("-", "", 1)):
        said = forebay(command, mistyped, *more)
        assert said.code == 2
        assert f"did you mean '{batch}'?" in said.err


@pytest.mark.parametrize("nothing", ["", " ", "/", "..", "a/../b", "\x1b"])
def test_what_can_be_no_id_is_said_to_be_none(batch: str, forebay: Forebay, nothing: str) -> None:
    for command in ("show", "watch"):
        said = forebay(command, nothing)
        assert said.code == 2
        assert "there is no batch" in said.err


def test_a_run_was_replaced_by_what_was_accepted_after_it_and_by_nothing_that_was_there_before(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    window = ("daily", "--window", "2026-10-01")
    first = batch_of(forebay("submit", *window))
    land(spec, first)
    second = batch_of(forebay("submit", *window, "--again"))
    deployed.flushall()  # so both may have landed, for all that it knows

    assert "landed it again" not in forebay("show", second).out
    assert "replaced_by" not in forebay("show", second, "daily", "--json").events[0]

    land(spec, second)
    assert f"batch {second} landed it again, at the same place" in forebay("show", first).out
    assert forebay("show", first, "daily", "--json").events[0]["replaced_by"] == second
