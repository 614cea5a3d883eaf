"""The same tests over each way to a deployment: a server, this process on Redis and ledger, and the embedded default.

Real processes all through: a sandbox, a Valkey, a worker, and `forebay web` for the first.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import forebay
from forebay import BatchFailed, ChecksFailed, Client, InputRefused, KeyTaken, NotFound, Query, StillRunning
from tests.client.ways import KEY, Way, here, make_way
from tests.servers.processes import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

CHARGES = "SELECT id, amount FROM charges ORDER BY id LIMIT {}"
WRONG = "SELECT nothing_of_the_kind FROM charges"


@pytest.fixture(scope="module", params=["server", "direct", "embedded"])
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp(request.param)
    for made in make_way(request.param, folder):
        with here(made, folder):
            yield made


@pytest.fixture(scope="module")
def client(way: Way) -> Iterator[Client]:
    with forebay.Client(way.url) as client:
        yield client


def test_queries_land_and_are_found_by_their_manifests(client: Client) -> None:
    batch = client.submit([Query(sql=CHARGES.format(n), name=f"q{n}") for n in (3, 4)])

    status = batch.wait(60)

    assert (status.state, status.ended, status.exit_code) == ("landed", True, 0)
    assert (status.runs, status.landed, status.records) == (2, 2, 7)
    assert {(run.name, run.state) for run in batch.runs()} == {("q3", "landed"), ("q4", "landed")}
    results = {result.name: result for result in batch.results()}
    assert {name: (result.records, result.columns) for name, result in results.items()} == {
        "q3": (3, ("id", "amount")),
        "q4": (4, ("id", "amount")),
    }
    path = results["q3"].path
    assert path is not None
    with Path(path).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3
    assert batch.id in [line.id for line in client.batches(limit=200)]


def test_the_same_key_is_the_same_batch_and_other_content_an_error(client: Client) -> None:
    first = client.submit({"q": CHARGES.format(2)}, key="daily-2026-11-27")
    again = client.submit({"q": CHARGES.format(2)}, key="daily-2026-11-27")

    assert (first.id, first.created, again.created) == (again.id, True, False)
    with pytest.raises(KeyTaken):
        client.submit({"q": CHARGES.format(1)}, key="daily-2026-11-27")
    assert first.wait(60).key == "daily-2026-11-27"


def test_a_timeout_tells_how_far_it_is_and_cancels_nothing(client: Client) -> None:
    batch = client.submit({f"q{n}": CHARGES.format(n) for n in range(1, 9)})

    with pytest.raises(StillRunning) as told:
        batch.wait(0)

    assert isinstance(told.value, TimeoutError)
    assert told.value.exit_code == 5
    assert told.value.batch is not None
    assert told.value.batch.runs == 8
    assert batch.wait(60).landed == 8


def test_what_failed_is_told_by_cause_and_taken_up_again(client: Client) -> None:
    batch = client.submit({"good": CHARGES.format(1), "bad": WRONG})

    with pytest.raises(BatchFailed) as told:
        batch.wait(60)

    assert told.value.batch is not None
    assert (told.value.batch.state, told.value.batch.failed) == ("partial", 1)
    (cause,) = batch.failures()
    assert (cause.error_class, cause.count, cause.names) == ("sql", 1, ("bad",))
    (run,) = batch.runs(state="failed")
    assert run.failure is not None
    assert run.failure.error_class == "sql"
    assert batch.preview_retry().runs == 1
    deed = batch.retry(why="a test")
    assert (deed.act, deed.target, deed.why) == ("retry", batch.id, "a test")
    assert batch.wait(60, check=False).failed == 1
    with pytest.raises(InputRefused):
        batch.retry(cause="too_big")
    assert [deed.target for deed in batch.take_up(why="a test")] == [batch.id]
    assert batch.wait(60, check=False).failed == 1


def test_a_batch_that_is_canceled_drops_what_waits(client: Client) -> None:
    batch = client.submit({f"q{n:03}": CHARGES.format(n) for n in range(1, 31)})
    batch.cancel(why="a test")

    status = batch.wait(60, check=False)

    assert (status.state, status.exit_code) == ("canceled", 1)
    assert status.canceled > 0


def test_a_batch_waits_while_it_is_paused(client: Client) -> None:
    batch = client.submit({f"q{n:03}": CHARGES.format(n) for n in range(1, 11)}, flow_class="backfill")
    batch.pause(why="lunch")

    assert "lunch" in (batch.status().paused or "")
    batch.change(flow_class="interactive")
    batch.resume()
    assert batch.wait(60).landed == 10


def test_a_window_of_the_spec_is_made_once(client: Client) -> None:
    batch = client.submit("charges_daily", window=date(2026, 10, 2))
    again = client.submit("charges_daily", window="2026-10-02")

    assert (batch.id, batch.created, again.created) == (again.id, True, False)
    status = batch.wait(60)
    assert (status.state, status.definition) == ("landed", "charges_daily")
    window = client.window("charges_daily", date(2026, 10, 2))
    assert (window.state, window.batch, window.gap) == ("landed", batch.id, False)
    extract = client.extract("charges_daily", windows=3)
    assert extract.name == "charges_daily"
    assert extract.cadence is not None
    assert (extract.cadence.every, extract.cadence.time_zone) == ("1d", "UTC")
    assert client.extract("refunds_daily").checks == ("rows",)
    assert {extract.name for extract in client.extracts()} == {"charges_daily", "refunds_daily"}


def test_gaps_are_counted_filled_and_told(client: Client) -> None:
    span = {"start": date(2026, 10, 5), "end": "2026-10-08"}
    assert client.preview_backfill("charges_daily", **span).runs == 3

    begun = client.backfill("charges_daily", **span, why="a test")

    assert (begun.act, begun.target, begun.why, begun.going_on) == ("backfill-extract", "charges_daily", "a test", True)
    wait_until(lambda: not client.deed(begun.id).going_on, "the end of the backfill")
    over = client.deed(begun.id)
    assert (over.came, over.done) == ("3 of 3 windows filled", True)
    assert {client.window("charges_daily", f"2026-10-0{day}").state for day in (5, 6, 7)} == {"landed"}
    assert client.preview_backfill("charges_daily", **span).nothing
    with pytest.raises(InputRefused, match="nothing to do"):
        client.backfill("charges_daily", **span)
    with pytest.raises(InputRefused, match="nothing to do"):
        client.stop_backfill(begun.id)


def test_data_that_fails_a_check_is_told(client: Client) -> None:
    with pytest.raises(ChecksFailed) as told:
        client.submit("refunds_daily", window="2026-10-03").wait(60)

    assert told.value.batch is not None
    assert [check.check for check in told.value.batch.checks if not check.ok] == ["rows"]


def test_lanes_and_costs_are_told(client: Client) -> None:
    client.submit({"q": CHARGES.format(1)}).wait(60)

    (lane,) = client.lanes()
    assert (lane.lane, lane.cap, lane.paused) == ("acme:test", 4, None)
    costs = client.costs("connection")
    assert costs.total.runs >= 1
    assert {line.of["connection"] for line in costs.lines} == {"acme"}


def test_what_is_not_there_and_what_is_wrong_are_told_in_sentences_without_a_secret(client: Client) -> None:
    with pytest.raises(NotFound) as unknown:
        client.batch("20261101-000000-zzzzz").status()
    with pytest.raises(NotFound):
        client.submit("charges_dayly")
    with pytest.raises(InputRefused) as wrong:
        client.submit({"q": CHARGES.format(1)}, flow_class="urgent")
    with pytest.raises(InputRefused):
        client.submit({"q": CHARGES.format(1)}, to="gopher://x")

    for error in (unknown.value, wrong.value):
        assert error.exit_code == 2
        assert KEY not in str(error)


def test_a_folder_needs_no_links(client: Client) -> None:
    batch = client.submit({"q": CHARGES.format(1)})
    batch.wait(60)
    (result,) = batch.results()

    with pytest.raises(InputRefused):
        batch.links(result)


def test_many_batches_are_awaited_at_once(way: Way, client: Client) -> None:
    async def run() -> list[int]:
        async with forebay.AsyncClient(way.url) as client:
            batches = [await client.submit({"q": CHARGES.format(n)}, key=f"async-{n}") for n in range(1, 6)]
            ended = await asyncio.gather(*(batch.wait(60) for batch in batches))
            landed = [result.records for batch in batches async for result in batch.results()]
            assert landed == [1, 2, 3, 4, 5]
            return [status.landed for status in ended]

    assert asyncio.run(run()) == [1] * 5
