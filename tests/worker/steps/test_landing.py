"""running → ready → landed: small results with the look that saw their end, others as a step of their own."""

import random
from collections.abc import Callable

import httpx
import pytest

from forebay.governor.states import RunState, Step
from forebay.runtime.runtime import EXPRESS_AT_ONCE
from forebay.store.ledger.records import Item
from forebay.worker.steps.retry_rules import MOST_LANDINGS
from tests.worker.conftest import BATCH, LANE, Answer, FileHost, World, query_run, refusal, zipped
from tests.worker.steps.conftest import landed


def test_a_small_result_lands_with_the_look_that_saw_its_end(running: World, file_host: FileHost) -> None:
    running.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert running.state() is RunState.LANDED
    assert [request.method for request in running.requests] == ["POST", "GET"], "no retrieve but the look itself"
    assert landed(running) == ["q0.csv", "q0.manifest.json"]


@pytest.mark.parametrize(("result_format", "suffix"), [("csv", "csv"), ("zip", "csv.zip")])
def test_a_result_lands_in_the_format_of_its_batch_and_a_retry_in_the_same(
    world: World, file_host: FileHost, result_format: str, suffix: str
) -> None:
    world.submit([Item(name="q0", sql="SELECT 0", account=None)], result_format=result_format)
    world.step(Step.SUBMIT, query_run())
    world.rt.express_bytes = 0
    world.step(Step.POLL, query_run("succeeded"))
    whole, file_host.body = file_host.body, b"broken"
    for _ in range(MOST_LANDINGS):
        world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert (world.state(), landed(world)) == (RunState.FAILED, [])

    world.retrier.retry(BATCH)
    file_host.body = whole
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    assert world.state() is RunState.LANDED
    assert landed(world) == [f"q0.{suffix}", "q0.manifest.json"]


def test_a_format_of_a_newer_forebay_fails_the_landing_and_keeps_the_result(world: World, file_host: FileHost) -> None:
    world.submit([Item(name="q0", sql="SELECT 0", account=None)], result_format="orc")
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    failure = world.failure()
    assert failure and failure.error_class.has_result, "a newer one lands it without a second run"
    assert failure.message == "no format 'orc'; there is auto, csv, zip, csv.gz, csv.zst, parquet"


def test_its_slot_is_free_before_it_lands(running: World, file_host: FileHost) -> None:
    alive: list[int] = []
    file_host.meanwhile = lambda: alive.append(running.view.lane(LANE).held)

    running.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert alive == [0]


def test_a_small_result_that_does_not_land_is_left_to_the_download_step(running: World, file_host: FileHost) -> None:
    file_host.status = 403
    running.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert running.state() is RunState.READY

    file_host.status = 200
    running.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert running.state() is RunState.LANDED


def test_a_larger_result_is_left_to_the_download_step(running: World, file_host: FileHost) -> None:
    running.rt.express_bytes = len(file_host.body) - 1

    running.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert running.state() is RunState.READY
    assert file_host.fetched == []


def test_looks_that_land_leave_threads_to_looks(world: World, file_host: FileHost) -> None:
    """Were each result landed by the look that saw its end, a slow host would hold all threads that look."""
    world.open(2)
    world.step(Step.SUBMIT, query_run(), query_run())
    for _ in range(EXPRESS_AT_ONCE):
        assert world.rt.express.acquire(blocking=False)

    world.step(Step.POLL, *[query_run("succeeded", result=file_host.result())] * 2)
    assert [world.state(0), world.state(1), file_host.fetched] == [RunState.READY, RunState.READY, []]

    world.step(Step.DOWNLOAD, *[query_run("succeeded", result=file_host.result())] * 2)
    assert [world.state(0), world.state(1)] == [RunState.LANDED, RunState.LANDED]


@pytest.mark.parametrize("status", [200, 403])
def test_a_look_that_landed_lets_another_one_land(running: World, file_host: FileHost, status: int) -> None:
    for _ in range(EXPRESS_AT_ONCE - 1):
        running.rt.express.acquire()
    file_host.status = status

    running.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert len(file_host.fetched) == 1
    assert running.rt.express.acquire(blocking=False)
    assert not running.rt.express.acquire(blocking=False)


def test_the_key_is_not_sent_to_the_host_of_results(ready: World, file_host: FileHost) -> None:
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    (headers,) = file_host.fetched
    assert "authorization" not in {name.lower() for name in headers}
    assert "rk_test" not in str(headers)


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (zipped(b"n\n1\n")[:-5], None),  # truncated
        (zipped(b"n\n1\n"), 10_000),  # shorter than promised
        (zipped(b"n\n1\n").replace(b"r.csv", b"s.csv", 1), None),  # contradicts itself
        (b"<html>try later</html>", None),
    ],
    ids=["truncated", "short", "corrupt", "something else"],
)
def test_a_result_that_is_not_whole_publishes_nothing_and_is_fetched_again(
    ready: World, file_host: FileHost, body: bytes, size: int | None
) -> None:
    file_host.body = body

    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result(size=size)))

    assert ready.state() is RunState.READY
    assert landed(ready) == []
    run = ready.view.run(LANE, BATCH, 0)
    assert run
    assert run.trouble


def troubles(host: FileHost) -> dict[str, Callable[[], Answer]]:
    """Each way in which a result may not land: what its host does is set, what Stripe answers is given."""

    def served(body: bytes, status: int = 200, **file: object) -> Answer:
        host.body, host.status = body, status
        return query_run("succeeded", result=host.result(**file))  # type: ignore[arg-type]

    whole = zipped(b"n\n1\n2\n")
    return {
        "expired": lambda: served(whole, 403),
        "broken host": lambda: served(whole, 500),
        "page": lambda: served(b"<!doctype html><p>Sign in"),
        "cut": lambda: served(whole[:-9], size=len(whole)),
        "corrupt": lambda: served(whole.replace(b"r.csv", b"s.csv", 1)),
        "bare and cut": lambda: served(b"n\n1\n", size=6, content_type="csv"),
        "no result": lambda: query_run("succeeded"),
        "another run": lambda: query_run("succeeded", id="qryrun_9", result=host.result()),
        "unreadable": lambda: httpx.Response(200, text="<html>"),
        "refused": lambda: refusal(500),
        "not found": lambda: refusal(404, "not_found"),
        "lost": lambda: httpx.ReadTimeout("late"),
    }


@pytest.mark.parametrize("seed", range(6))
def test_no_trouble_of_a_landing_ever_runs_the_query_again(ready: World, file_host: FileHost, seed: int) -> None:
    """Whichever come in whichever order, until it is given up, and after a person's retry too."""
    drawn, ways = random.Random(seed), troubles(file_host)
    whole = file_host.body
    for _ in range(3):
        while ready.state() is RunState.READY:
            ready.step(Step.DOWNLOAD, ways[drawn.choice(list(ways))]())
            assert landed(ready) == []
        failure = ready.failure()
        assert failure
        assert (failure.attempt, failure.query_run) == (0, "qryrun_1")
        assert ready.retrier.retry(BATCH)
        file_host.body, file_host.status = whole, 200
        ready.step(Step.POLL, query_run("succeeded"))

    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    assert ready.state() is RunState.LANDED
    assert [request.method for request in ready.requests].count("POST") == 1


def test_a_transfer_that_breaks_for_ever_fails_the_run_and_a_retry_does_not_run_the_query_again(
    ready: World, file_host: FileHost
) -> None:
    whole, file_host.body = file_host.body, b"broken"
    for _ in range(MOST_LANDINGS):
        ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    failure = ready.failure()
    assert failure
    assert (failure.error_class, failure.query_run) == ("transfer", "qryrun_1")

    ready.retrier.retry(BATCH)
    file_host.body = whole
    ready.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    assert ready.state() is RunState.LANDED
    assert [request.method for request in ready.requests].count("POST") == 1


def test_a_host_that_is_not_allowed_gets_no_request(ready: World, file_host: FileHost) -> None:
    elsewhere = {"url": "https://example.test/r.zip"}

    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result(download_url=elsewhere)))

    failure = ready.failure()
    assert failure
    assert "not on the list of hosts" in failure.message
    assert file_host.fetched == []


def test_a_process_that_has_to_stop_hands_the_run_back(ready: World, file_host: FileHost) -> None:
    ready.rt.stopping.set()

    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    due_in_ms = ready.due_in_ms(Step.DOWNLOAD)
    assert due_in_ms is not None
    assert due_in_ms <= 0, "somebody else may take it at once"
    assert landed(ready) == []


def test_who_lost_the_run_stops_and_publishes_nothing(ready: World, file_host: FileHost) -> None:
    ticks = iter(range(0, 10_000, 100))
    ready.rt.monotonic_s = lambda: float(next(ticks))  # each chunk reports

    def taken_over(_: httpx.Request) -> httpx.Response:
        ready.rt.redis.hset(ready.governor.keys.run(f"{BATCH}/0"), "fence", 1)
        return query_run("succeeded", result=file_host.result())

    ready.step(Step.DOWNLOAD, taken_over)

    assert landed(ready) == []
    assert ready.state() is RunState.READY


def test_a_canceled_run_does_not_land(ready: World) -> None:
    ready.steering.cancel(BATCH)

    ready.step(Step.DOWNLOAD)

    assert ready.state() is RunState.CANCELED
    assert landed(ready) == []


def test_a_run_that_is_canceled_while_stripe_takes_its_time_does_not_land(running: World, file_host: FileHost) -> None:
    clock = [0.0]
    running.rt.monotonic_s = lambda: clock[0]

    def slow(_: httpx.Request) -> httpx.Response:
        running.steering.cancel(BATCH)
        clock[0] += 10
        return query_run("succeeded", result=file_host.result())

    running.step(Step.POLL, slow)
    assert "q0.manifest.json" not in landed(running), "the cancel was confirmed before its result was known"

    running.step(Step.DOWNLOAD)
    assert running.state() is RunState.CANCELED


def test_a_success_that_shows_no_result_is_looked_at_again(ready: World) -> None:
    ready.step(Step.DOWNLOAD, query_run("succeeded"))

    assert ready.state() is RunState.READY


@pytest.mark.parametrize("answer", [refusal(500), refusal(404, "not_found"), httpx.ReadTimeout("no reply")])
def test_a_url_that_cannot_be_had_now_keeps_the_run(ready: World, answer: httpx.Response | Exception) -> None:
    ready.step(Step.DOWNLOAD, answer)

    assert ready.state() is RunState.READY
