"""What a destination refuses is tried so often and fails then, what heals is waited for; no query is run again."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from forebay.governor.states import RunState, Step
from forebay.store.errors import (
    BadKey,
    BadRecord,
    BadUrl,
    Denied,
    Incomplete,
    NoSuchBucket,
    NotFound,
    NotSigned,
    OptionRefused,
    Refused,
    StoreError,
    Unavailable,
)
from forebay.store.interface import Store, Writer
from forebay.store.local import LocalStore
from forebay.store.s3errors import AlreadyThere, NoAnswerOfS3
from forebay.worker.steps.retry_rules import MOST_REFUSALS
from tests.worker.conftest import BATCH, LANE, FileHost, World, query_run
from tests.worker.steps.conftest import landed

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
    """A ledger's record is no landing's; a conditional put and a signed link are not made."""
    of_landing = {StoreError, *_below(StoreError)} - {StoreError, BadRecord, AlreadyThere, NotSigned}
    assert of_landing == {type(error) for error in (*FOR_GOOD, *FOR_NOW)}
    assert not any(error.retry for error in FOR_GOOD) and all(error.retry for error in FOR_NOW)


def _below(kind: type[StoreError]) -> set[type[StoreError]]:
    return {kind}.union(*(_below(each) for each in kind.__subclasses__()))


def test_a_store_that_refuses_is_tried_again_and_the_query_is_not(ready: World, file_host: FileHost) -> None:
    ready.destination.parent.joinpath("out").write_text("a file where a folder should be")

    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert ready.state() is RunState.READY

    ready.destination.unlink()
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert ready.state() is RunState.LANDED


def test_a_ledger_that_refuses_is_no_refusal_of_the_destination(ready: World, file_host: FileHost) -> None:
    ready.rt.ledger.uses.add = _refused  # type: ignore[method-assign]
    for _ in range(2 * MOST_REFUSALS):
        ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    assert ready.state() is RunState.READY, "it could not even say why it failed"


def _refused(_: object) -> None:
    raise Denied("AccessDenied")
