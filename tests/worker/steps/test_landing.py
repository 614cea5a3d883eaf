"""running → ready → landed: small results with the look that saw their end, others as a step of their own."""

import hashlib
import json
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import forebay
from forebay.governor.states import RunState, Step
from forebay.landing.formats import parquet
from forebay.store.errors import (
    BadKey,
    BadRecord,
    BadUrl,
    Denied,
    Incomplete,
    NoSuchBucket,
    NotFound,
    OptionRefused,
    Refused,
    StoreError,
    Unavailable,
)
from forebay.store.interface import Store, Writer
from forebay.store.ledger.batch_policy import Checks, Policy, Span
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from forebay.store.s3errors import AlreadyThere, NoAnswerOfS3
from forebay.worker.steps.retry_rules import MOST_LANDINGS, MOST_REFUSALS
from tests.worker.conftest import BATCH, LANE, Answer, FileHost, World, query_run, refusal, zipped


@pytest.fixture
def running(world: World) -> World:
    world.open()
    world.step(Step.SUBMIT, query_run())
    return world


@pytest.fixture
def ready(running: World) -> World:
    """Its result is not small, so a step of its own lands it."""
    running.rt.express_bytes = 0
    running.step(Step.POLL, query_run("succeeded"))
    return running


def landed(world: World) -> list[str]:
    return sorted(path.name for path in world.destination.rglob("*") if path.is_file())


def manifest(world: World) -> dict[str, object]:
    (path,) = world.destination.rglob("*.manifest.json")
    read: dict[str, object] = json.loads(Path(path).read_text())
    return read


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


def as_parquet(world: World, **terms: Any) -> None:
    item = Item(name="q0", sql="SELECT 0", account=None, column_types=terms.pop("known", None))
    world.submit([item], result_format="parquet", **terms)
    world.step(Step.SUBMIT, query_run())


@pytest.mark.parametrize(
    ("terms", "told", "kind"),
    [
        ({}, (), "text"),
        ({"known": {"n": "bigint"}}, (), "bigint"),
        ({"known": {"n": "bigint"}}, ("n", "double"), "double"),
        ({"column_types": {"n": "decimal(9,2)"}}, ("n", "double"), "decimal(9,2)"),
    ],
)
def test_a_column_has_the_type_that_the_spec_or_else_stripe_or_else_the_schema_says(
    world: World, file_host: FileHost, terms: dict[str, Any], told: tuple[str, ...], kind: str
) -> None:
    as_parquet(world, **terms)
    columns = [{"name": told[0], "type": told[1]}] if told else []

    world.step(Step.POLL, query_run("succeeded", result=file_host.result(columns=columns)))

    assert landed(world) == ["q0.manifest.json", "q0.parquet"]
    assert manifest(world)["table"] == {
        "columns": [{"name": "n", "type": kind, "misfit": None}],
        "nulls": "empty",
        "row_groups": 1,
    }


def test_a_misfit_fails_a_run_that_nobody_closes_and_waits_in_quarantine_for_whoever_does(
    world: World, file_host: FileHost
) -> None:
    file_host.body = zipped(b"n\n1\nx\n")
    as_parquet(world, known={"n": "bigint"})
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    failure = world.failure()
    assert failure and failure.error_class.has_result and landed(world) == []
    assert failure.message == (
        "the result cannot be a table: row 2 of column 'n' is no bigint; a format of CSV (csv.gz) stores it as it is"
    )

    checked = Policy(definition="d", kind="batch", spec_sha256="5", checks=Checks(types=True))
    as_parquet(world, column_types={"n": "bigint"}, batch="other", policy=checked)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert landed(world) == ["q0.manifest.json", "q0.parquet"]
    column = {"name": "n", "type": "text", "misfit": "row 2 of column 'n' is no bigint"}
    assert manifest(world)["table"] == {"columns": [column], "nulls": "empty", "row_groups": 1}
    assert list(world.destination.glob("_quarantine/other/q0.parquet"))


def test_a_worker_without_the_extra_tries_again_until_somebody_mends_it(
    world: World, file_host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_parquet(world)
    with monkeypatch.context() as lacking:
        lacking.setattr(parquet, "missing", lambda: "format parquet needs pyarrow")
        world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert world.state() is RunState.READY

    world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert landed(world) == ["q0.manifest.json", "q0.parquet"]


def test_rules_of_a_newer_forebay_fail_the_landing_and_keep_the_result(world: World, file_host: FileHost) -> None:
    as_parquet(world, nulls="sometimes")
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    failure = world.failure()
    assert failure and failure.error_class.has_result and "'sometimes' is not a valid Nulls" in failure.message


def test_its_slot_is_free_before_it_lands(running: World, file_host: FileHost) -> None:
    alive: list[int] = []
    running.rt.wake = lambda: alive.append(running.view.lane(LANE).held)

    running.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert alive[0] == 0


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


def test_the_manifest_tells_what_landed_and_where_it_came_from(ready: World, file_host: FileHost) -> None:
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result(), created="2026-11-22T01:02:03.4Z"))

    read = manifest(ready)
    assert (read["batch"], read["name"], read["attempt"], read["query_run"]) == (BATCH, "q0", 0, "qryrun_1")
    assert read["csv"] == {**read["csv"], "bytes": 6, "records": 2, "columns": ["n"]}  # type: ignore[dict-item]
    assert read["ended_at"]
    assert (read["forebay"], read["connection"], read["definition"]) == (forebay.__version__, "default", None)
    assert (read["sql"], read["sql_sha256"]) == ("SELECT 0", hashlib.sha256(b"SELECT 0").hexdigest())
    assert (read["delivered_bytes"], read["delivered_sha256"]) == (
        len(file_host.body),
        hashlib.sha256(file_host.body).hexdigest(),
    )
    assert read["accepted_at"] and read["granted_at"]
    moments = [str(read[f"{step}_at"]) for step in ("ended", "fetched", "landed")]
    assert moments == sorted(moments), "however long the transfer took, the query had ended before"
    assert str(read["idempotency_key"]) == ready.requests[0].headers["idempotency-key"]
    flow = ready.view.flow(LANE, BATCH)
    assert flow
    assert (flow.landed, flow.stored_bytes, flow.records, flow.done) == (1, 6, 2, True)


def test_the_manifest_of_an_extract_tells_its_window_its_spec_and_how_fresh_its_data_are(
    world: World, file_host: FileHost
) -> None:
    window = Span(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 2, tzinfo=UTC))
    loaded = datetime(2026, 11, 2, 3, tzinfo=UTC)
    asked = Policy(definition="fees", kind="extract", spec_sha256="ss", window=window, data_loaded_at=loaded)
    world.submit([Item(name="q0", sql="SELECT 0", account=None)], policy=asked)
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    read = manifest(world)
    assert (read["definition"], read["spec_sha256"]) == ("fees", "ss")
    assert read["window"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}
    assert read["data_loaded_at"] == "2026-11-02T03:00:00Z"


def test_the_manifest_tells_of_the_attempts_that_failed_before(world: World, file_host: FileHost) -> None:
    world.open()
    world.step(Step.SUBMIT, query_run())
    broken = {"failed": {"error_code": "internal_error", "error_message": "A worker was lost near 'secret row'."}}
    world.step(Step.POLL, query_run("failed", status_details=broken))
    world.step(Step.SUBMIT, query_run(id="qryrun_2"))
    world.step(Step.POLL, query_run("succeeded", id="qryrun_2", result=file_host.result()))

    read = manifest(world)
    assert (read["attempt"], read["query_run"]) == (1, "qryrun_2")
    (before,) = read["earlier_attempts"]  # type: ignore[misc]
    assert (before["attempt"], before["query_run"], before["error_class"]) == (0, "qryrun_1", "provider")
    assert "secret row" not in json.dumps(read), "an engine's words may quote what it stumbled over"


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


def test_a_store_that_refuses_is_tried_again_and_the_query_is_not(ready: World, file_host: FileHost) -> None:
    ready.destination.parent.joinpath("out").write_text("a file where a folder should be")

    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert ready.state() is RunState.READY

    ready.destination.unlink()
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert ready.state() is RunState.LANDED


FOR_GOOD = [
    BadKey("b1/q0.csv", "cannot be a file here: Not a directory"),
    BadUrl("destinations begin with s3:// or file://"),
    Denied("'b1/q0.csv': Read-only file system; give this user the right to read and write there"),
    Denied("bucket 'out', 'b1/q0.csv': AccessDenied"),
    NoSuchBucket("bucket 'out' does not exist"),
    NotFound("b1/q0.csv"),
    NoAnswerOfS3("bucket 'out', 'b1/q0.csv': the answer is none of S3"),
    OptionRefused("bucket 'out', 'b1/q0.csv': KMS.DisabledException"),
    Refused("bucket 'out', 'b1/q0.csv': MethodNotAllowed"),
]
FOR_NOW = [
    Unavailable("'b1/q0.csv': No space left on device"),
    Unavailable("bucket 'out', 'b1/q0.csv': SlowDown"),
    Incomplete("b1/q0.csv", written=9, stored=7),
]


class Refusing(LocalStore):
    """A folder that takes no object, or no manifest."""

    def __init__(self, folder: Path, error: StoreError, *, manifest: bool) -> None:
        super().__init__(folder)
        self.error, self.manifest = error, manifest

    def writer(self, key: str, *, content_type: str | None = None) -> AbstractContextManager[Writer]:
        if not self.manifest:
            raise self.error
        return super().writer(key, content_type=content_type)

    def put(self, key: str, data: bytes) -> None:
        if self.manifest and key.endswith(".manifest.json"):
            raise self.error
        super().put(key, data)


def refuse(world: World, error: StoreError, manifest: bool) -> None:
    def open_store(url: str) -> Store:
        if isinstance(error, BadUrl):
            raise error
        return Refusing(Path(url), error, manifest=manifest)

    world.rt._stores.clear()
    world.rt.open_store = open_store


@pytest.mark.parametrize("manifest", [False, True], ids=["object", "manifest"])
@pytest.mark.parametrize("error", FOR_GOOD, ids=str)
def test_what_a_destination_refuses_fails_after_so_many_tries_and_a_retry_lands_it_without_another_run(
    ready: World, file_host: FileHost, error: StoreError, manifest: bool
) -> None:
    opens = ready.rt.open_store
    refuse(ready, error, manifest)
    for tries in range(1, MOST_REFUSALS):
        ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
        assert ready.state() is RunState.READY
        run = ready.view.run(LANE, BATCH, 0)
        assert run and run.tries == tries
        assert "refuses the result" in run.trouble and "`forebay retry` lands it" in run.trouble
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    failure = ready.failure()
    assert ready.state() is RunState.FAILED and failure
    assert (failure.error_class, failure.query_run, failure.attempt) == ("sink", "qryrun_1", 0)
    assert failure.message == (
        f"the destination {ready.destination} refuses the result: {str(error).replace('b1/q0', '…')} (12 tries)"
    )
    assert "q0.manifest.json" not in landed(ready)

    ready.rt._stores.clear()
    ready.rt.open_store = opens
    ready.retrier.retry(BATCH)
    ready.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert (ready.state(), landed(ready)) == (RunState.LANDED, ["q0.csv", "q0.manifest.json"])
    assert [request.method for request in ready.requests].count("POST") == 1


@pytest.mark.parametrize("manifest", [False, True], ids=["object", "manifest"])
@pytest.mark.parametrize("error", FOR_NOW, ids=str)
def test_a_destination_that_asks_for_patience_is_waited_for_and_shown(
    ready: World, file_host: FileHost, error: StoreError, manifest: bool
) -> None:
    refuse(ready, error, manifest)
    for _ in range(2 * MOST_REFUSALS):
        ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    run = ready.view.run(LANE, BATCH, 0)
    assert ready.state() is RunState.READY and run
    assert run.trouble == f"the destination {ready.destination} cannot take it now: " + str(error).replace("b1/q0", "…")


def test_each_class_of_store_failure_is_among_those_that_a_landing_is_tried_with() -> None:
    """A ledger's record is no landing's; a conditional put is not made."""
    of_landing = {StoreError, *_below(StoreError)} - {StoreError, BadRecord, AlreadyThere}
    assert of_landing == {type(error) for error in (*FOR_GOOD, *FOR_NOW)}
    assert not any(error.retry for error in FOR_GOOD) and all(error.retry for error in FOR_NOW)


def _below(kind: type[StoreError]) -> set[type[StoreError]]:
    return {kind}.union(*(_below(each) for each in kind.__subclasses__()))


def test_a_ledger_that_refuses_is_no_refusal_of_the_destination(ready: World, file_host: FileHost) -> None:
    ready.rt.ledger.uses.add = _refused  # type: ignore[method-assign]
    for _ in range(2 * MOST_REFUSALS):
        ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    assert ready.state() is RunState.READY, "it could not even say why it failed"


def _refused(_: object) -> None:
    raise Denied("AccessDenied")


def test_a_canceled_run_does_not_land(ready: World) -> None:
    ready.steering.cancel(BATCH)

    ready.step(Step.DOWNLOAD)

    assert ready.state() is RunState.CANCELED
    assert landed(ready) == []


def test_a_success_that_shows_no_result_is_looked_at_again(ready: World) -> None:
    ready.step(Step.DOWNLOAD, query_run("succeeded"))

    assert ready.state() is RunState.READY


@pytest.mark.parametrize("answer", [refusal(500), refusal(404, "not_found"), httpx.ReadTimeout("no reply")])
def test_a_url_that_cannot_be_had_now_keeps_the_run(ready: World, answer: httpx.Response | Exception) -> None:
    ready.step(Step.DOWNLOAD, answer)

    assert ready.state() is RunState.READY
