"""`forebay plan`: what definitions come to, before anything is spent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from forebay.store.ledger.batch_policy import Span
from tests.cli.conftest import Forebay, files
from tests.cli.definitions import batch_of, land, ledger
from tests.scheduler.batches.test_history import World


def test_plan_shows_what_a_batch_comes_to_and_writes_nothing(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    before = files(spec)

    said = forebay("plan", "close", "capped")

    assert said.code == 0
    for words in (
        "batch close: 12 runs (2 queries × 2 combinations × 3 accounts)",
        "each account: nothing of it has landed yet",
        "acme:test: 12 runs, 18 slots (cap 20 − margin 2)",
        "at most 10 creates/s, 10 looks/s, 20/s in all",
        "how long its queries take is not known before one batch has landed",
        "results/close-2",
        "0 of 12 runs, among themselves or with those of the last 24 h",
        "3.00 EUR for 12 runs",
        "4 runs a day, 0 of them taken today (UTC)",
        "15 runs in all, 3.75 EUR",
    ):
        assert words in said.out
    assert files(spec) == before
    assert deployed.keys("fb:*") == []


def test_plan_says_what_is_shared_and_what_the_budget_leaves(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    forebay("submit", "close")
    forebay("submit", "capped")

    said = forebay("plan", "close", "capped", "--json")

    close, capped, result = said.events
    assert (close["runs"], close["shared"], close["new_query_runs"], close["cost"]) == (12, 12, 0, "0.00")
    assert (capped["runs_per_day"], capped["accepted_today"]) == (4, 3)
    assert close["lanes"] == {"acme:test": 12}
    assert result["runs"] == 3
    assert "more than are left" in forebay("plan", "capped").out


def test_plan_skips_a_window_that_was_accepted(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    new = forebay("plan", "daily", "--window", "2026-10-01", "--json").events[0]
    batch = batch_of(forebay("submit", "daily", "--window", "2026-10-01"))
    land(spec, batch)

    old = forebay("plan", "daily", "--window", "2026-10-01", "--json").events[0]

    assert (new["accepted"], new["new_query_runs"]) == (False, 1)
    assert (old["accepted"], old["landed"], old["new_query_runs"]) == (True, 1, 0)
    assert new["window"] == {"start": "2026-09-30T22:00:00Z", "end": "2026-10-01T22:00:00Z"}
    assert "accepted already as batch" in forebay("plan", "daily", "--window", "2026-10-01").out


def test_plan_says_what_is_cut_before_it_runs(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text + "    split: {on: created, min: 1h}\n")
    past = World(spec)
    past.ledger, day = ledger(spec), datetime(2026, 9, 29, 22, tzinfo=UTC)
    window = Span(start=day, end=day + timedelta(days=1))
    past.batch("daily.20260929T2200Z-20260930T2200Z", {("daily", None): (9_000_000_000, 60)}, window=window)

    said = forebay("plan", "daily", "--window", "2026-10-01")

    assert "1 run before anything is spent, into 4 parts: their last windows came near to 5 GB or 90 min" in said.out
    (planned, _) = forebay("plan", "daily", "--window", "2026-10-01", "--json").events
    assert planned["cut"] == {"runs": 1, "parts": 4}


def test_plan_says_that_an_organization_is_more_than_the_group(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    whole = "  whole: {sql: SELECT 1, accounts: shops, fan_out: organization}\n"
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("extracts:", f"{whole}extracts:"))

    said = forebay("plan", "whole")

    assert "batch whole: 1 run " in said.out
    assert "the whole organization: the spec says so" in said.out
    assert "accounts of the organization that the group does not name are among the results" in said.out


def test_a_name_is_planned_once(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    assert len(forebay("plan", "capped", "capped", "--json").events) == 2


def test_plan_where_nothing_has_a_name_says_what_to_do(folder: Path, forebay: Forebay) -> None:
    said = forebay("plan")

    assert said.code == 2
    assert "there is no spec with extracts or batches here: `forebay init` writes one" in said.err


def test_plan_knows_what_is_fresh_and_what_is_alike_within_a_batch(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    (spec / "queries" / "again.sql").write_text((spec / "queries" / "payouts.sql").read_text())
    assert forebay("plan", "close", "--json").events[0]["shared"] == 6
    forebay("submit", "close")

    assert forebay("plan", "close", "--json").events[0]["new_query_runs"] == 0
    assert forebay("plan", "close", "--fresh", "--json").events[0]["new_query_runs"] == 18


def test_plan_of_an_hour_that_the_wall_shows_twice_has_its_offsets(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text().replace("every: 1d, start: 2026-01-01", "every: 1h, start: 2026-10-25")
    (spec / "forebay.yaml").write_text(text)

    said = forebay("plan", "daily", "--window", "2026-10-25T02:00")

    assert "2026-10-25 02:00+0200 … 2026-10-25 02:00+0100 (Europe/Berlin)" in said.out
