"""Acts of the page do what the commands do, over a real ledger and Redis, and the ledger keeps who did what and why."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import redis

from forebay.governor.view import View
from forebay.store.ledger.deeds import Deed, Deeds
from forebay.store.local import LocalStore
from tests.cli.stripe import BAD_KEY
from tests.cli.worker import LANE, Hand


def outlook(page: httpx.Client, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def do(page: httpx.Client, path: str, **form: str) -> str:
    """Does it, and gives the page that says what came of it."""
    answer = page.post(path, data={"why": "Ana asked", **form})
    assert answer.status_code == 303, answer.text
    return page.get(answer.headers["location"]).text


def test_failed_runs_are_taken_up_by_a_filter_with_their_number_first(
    batch: str, deployed: redis.Redis, page: httpx.Client
) -> None:
    assert f"Retry 1 run of {batch} (cause sql)" in outlook(page, f"/act/retry/{batch}?cause=sql")
    assert "Some failed of their text, and it stays" in outlook(page, f"/act/retry/{batch}?cause=sql")

    assert "1 run taken up" in do(page, f"/act/retry/{batch}", cause="sql")

    flow = View(deployed).flow(LANE, batch)
    assert flow and (flow.failed, flow.waiting) == (0, 2)
    assert "nothing failed" in page.get(f"/act/retry/{batch}?cause=sql").text


@pytest.mark.parametrize(
    ("price", "query", "said"),
    [
        ("per_run: 0.25", "?cause=sql", "That costs about 0.25 EUR."),
        ("per_run: 0.25", "", "That costs at most about 0.25 EUR."),
        ("per_second: 0.01", "", "What that costs is not known"),
    ],
)
def test_what_a_retry_costs_stands_beside_its_number_where_there_are_prices(
    batch: str, folder: Path, request: pytest.FixtureRequest, price: str, query: str, said: str
) -> None:
    connections = "connections: {default: {mode: test, key: secret://env/STRIPE_API_KEY}}"
    priced = f"version: 1\n{connections}\nprices: [{{from: 2026-01-01, currency: EUR, {price}}}]\n"
    (folder / "forebay.yaml").write_text(priced)

    assert said in outlook(request.getfixturevalue("page"), f"/act/retry/{batch}{query}")


def test_without_prices_nothing_is_said_of_costs(batch: str, page: httpx.Client) -> None:
    assert "cost" not in outlook(page, f"/act/retry/{batch}")


@pytest.mark.parametrize("query", ["", "?cause=sql"])
def test_no_more_is_done_than_was_shown(batch: str, deployed: redis.Redis, page: httpx.Client, query: str) -> None:
    assert '<input type="hidden" name="shown" value="1">' in outlook(page, f"/act/retry/{batch}{query}")
    hand = Hand(deployed)
    do(page, f"/act/limit-lane/{LANE}", cap="2")
    hand.fail(hand.begin_one(), "no such column")
    form = dict(pair.split("=") for pair in query.removeprefix("?").split("&") if pair)

    answer = page.post(f"/act/retry/{batch}", data={"why": "x", "shown": "1", **form})

    assert answer.status_code == 400
    assert "it was 1 run, and has become 2" in answer.text
    flow = View(deployed).flow(LANE, batch)
    assert flow and flow.failed == 2
    assert "retry" not in page.get("/deeds").text
    assert "2 runs taken up" in do(page, f"/act/retry/{batch}", shown="2", **form)


def test_all_that_failed_is_taken_up_without_a_filter(batch: str, page: httpx.Client) -> None:
    assert f"Retry 1 run of {batch}" in outlook(page, f"/act/retry/{batch}")
    assert "1 run taken up" in do(page, f"/act/retry/{batch}")


def test_a_batch_pauses_and_goes_on(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    assert "1 run wait" in outlook(page, f"/act/pause-batch/{batch}")
    do(page, f"/act/pause-batch/{batch}")

    flow = View(deployed).flow(LANE, batch)
    assert flow and flow.paused and re.fullmatch(r"Ana asked \(by ana\)", flow.paused.reason)
    assert "Ana asked (by ana)" in page.get(f"/b/{batch}").text
    do(page, f"/act/resume-batch/{batch}")
    flow = View(deployed).flow(LANE, batch)
    assert flow and flow.paused is None


def test_a_batch_is_canceled_and_says_what_goes_on(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    assert "1 run at Stripe go on there" in outlook(page, f"/act/cancel-batch/{batch}")

    assert "1 run dropped; 1 hold a slot" in do(page, f"/act/cancel-batch/{batch}")

    flow = View(deployed).flow(LANE, batch)
    assert flow and flow.canceling


def test_a_batch_changes_its_class(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    assert "changed" in do(page, f"/act/change-batch/{batch}", **{"class": "interactive"})

    flow = View(deployed).flow(LANE, batch)
    assert flow and flow.standing.flow_class == "interactive"


def test_a_lane_pauses_goes_on_and_takes_limits(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    do(page, f"/act/pause-lane/{LANE}")
    assert View(deployed).lane(LANE).paused
    do(page, f"/act/resume-lane/{LANE}")
    assert not View(deployed).lane(LANE).paused
    assert "cap: 7" in outlook(page, f"/act/limit-lane/{LANE}?cap=7&margin=")
    do(page, f"/act/limit-lane/{LANE}", cap="7")
    assert View(deployed).lane(LANE).cap == 7


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/act/limit-lane/{lane}?cap=501", 400, "Stripe allows 100 runs in this lane"),
        ("/act/limit-lane/{lane}?cap=many", 400, "cap is a number"),
        ("/act/limit-lane/{lane}?cap=inf", 400, "cap is a number"),
        ("/act/limit-lane/{lane}?creates_per_s=nan", 400, "creates_per_s is a number"),
        ("/act/pause-lane/nobody:test", 404, "there is no lane"),
        ("/act/change-batch/{batch}?class=backfil", 400, "did you mean &#39;backfill&#39;?"),
        ("/act/retry/{batch}?cause=sqll", 400, "there is no cause"),
        ("/act/retry/nothing", 404, "there is no batch"),
        ("/act/pause-extract/daily", 404, "the spec has no extract"),
    ],
)
def test_what_cannot_be_is_said_in_words_and_not_done(
    batch: str, folder: Path, page: httpx.Client, path: str, status: int, said: str
) -> None:
    where = path.format(lane=LANE, batch=batch)
    answer = page.get(where)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text

    bare, _, query = where.partition("?")
    form = dict(pair.split("=") for pair in query.split("&") if pair)
    assert page.post(bare, data={"why": "x", **form}).status_code == status
    assert not (folder / ".forebay/ledger/deeds").exists()


def test_limits_are_asked_for_before_any_is_set(batch: str, folder: Path, page: httpx.Client) -> None:
    asked = outlook(page, f"/act/limit-lane/{LANE}")

    assert "cap: 1 now" in asked and 'name="creates_per_s"' in asked
    assert page.post(f"/act/limit-lane/{LANE}", data={"why": "x"}).status_code == 400
    assert not (folder / ".forebay/ledger/deeds").exists()


def test_the_ledger_keeps_who_did_what_and_why(batch: str, folder: Path, page: httpx.Client) -> None:
    do(page, f"/act/pause-batch/{batch}")
    do(page, f"/act/pause-batch/{batch}")

    listed = page.get("/deeds").text
    assert listed.count("pause batch") == 2
    assert "it was paused already" in listed
    (first, second) = sorted((folder / ".forebay/ledger/deeds").iterdir())
    assert '"by": "ana"' in first.read_text() and '"why": "Ana asked"' in second.read_text()


def test_a_deed_shows_how_far_its_batch_is(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    done = do(page, f"/act/retry/{batch}", cause="sql")
    assert "The batch now" in done and "0 of 3 landed, 3 on their way, 0 failed" in done

    done = do(page, f"/act/pause-lane/{LANE}")
    assert "The batch now" not in done


def test_what_failed_on_the_way_is_kept_as_not_done(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    assert page.post(f"/act/cancel-batch/{batch}", data={"why": "x"}).status_code == 303
    failed = page.post(f"/act/pause-batch/{batch}", data={"why": "x"})

    assert failed.status_code == 400
    assert "there is nothing to do" in failed.text
    assert "was canceled" in page.get("/deeds").text


def test_what_was_done_is_kept_as_done_where_nobody_can_work_on_it(
    batch: str, deployed: redis.Redis, folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", BAD_KEY)

    said = do(request.getfixturevalue("page"), f"/act/retry/{batch}", cause="sql")

    assert "1 run taken up; " in said and "but nobody was asked to work on it: " in said
    flow = View(deployed).flow(LANE, batch)
    assert flow and (flow.failed, flow.waiting) == (0, 2)
    (deed,) = (folder / ".forebay/ledger/deeds").iterdir()
    assert '"done": true' in deed.read_text() and BAD_KEY not in deed.read_text()


def test_deeds_are_read_newest_first_over_years(tmp_path: Path) -> None:
    now, deeds = datetime(2026, 11, 29, tzinfo=UTC), Deeds(LocalStore(tmp_path))
    for days in (0, 3, 400, 4_000):
        at = now - timedelta(days=days)
        deeds.begin(Deed(at=at, by="ana", known_by="here", act="retry", target=f"b{days}", why="x"), "0a0b0c")
    (tmp_path / "deeds" / "nonsense.json").write_text("{}")

    assert [deed.target for _, deed in deeds.newest(now)] == ["b0", "b3", "b400", "b4000"]
