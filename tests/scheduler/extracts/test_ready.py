"""Up to where data is: asked once a step of time, whoever asks, and read from the answer that landed."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta

import pytest

from forebay.config.standing import FlowClass
from forebay.landing.manifest import CsvPart, Manifest, ObjectPart, write_manifest
from forebay.landing.result_paths import object_stem
from forebay.scheduler.extracts.ready import EVERY, Ready
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import FailureRecord
from tests.worker.conftest import LANE, World

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
STEP = "data-ready.default.20261005T1200Z"


def asking(world: World) -> Ready:
    output = str(world.destination / "probes")
    return Ready(world.rt.ledger, world.submitter, world.rt.store(output), output)


def answer(world: World, loaded: str) -> None:
    """Leaves behind what the download of the newest question's answer leaves behind."""
    batch = world.rt.ledger.batch(max(world.rt.ledger.names.like("data-ready.")))
    store, lane = world.rt.store(batch.output), batch.flows[0].lane
    item = world.rt.ledger.item(batch.id, lane, 0)
    stem, data = object_stem(batch.id, item.account, item.name), f"loaded\n{loaded}\n".encode()
    sha256 = hashlib.sha256(data).hexdigest()
    store.put(f"{stem}.csv", data)
    manifest = Manifest(
        batch=batch.id,
        lane=lane,
        run=f"{batch.id}/0",
        name=item.name,
        account=item.account,
        attempt=0,
        query_run="qryrun_1",
        sql_sha256=hashlib.sha256(item.sql.encode()).hexdigest(),
        object=ObjectPart(key=f"{stem}.csv", url="file:///x", format="csv", bytes=len(data), sha256=sha256),
        csv=CsvPart(bytes=len(data), sha256=sha256, records=1, columns=("loaded",)),
        compress=True,
        submitted_at=None,
        ended_at=None,
        landed_at=datetime.now(UTC),
        livemode=False,
        api_version="2026-04-22.preview",
        request_ids=(),
    )
    write_manifest(store, stem, manifest)


def questions(world: World) -> list[str]:
    return list(world.rt.ledger.names.like("data-ready."))


def test_a_step_has_one_question_whoever_asks_and_however_often(world: World) -> None:
    connection = world.rt.config.connection()
    for ready in (asking(world), asking(world)):
        for minutes in (0, 7, 14):
            ready.ask(connection, None, NOON + timedelta(minutes=minutes))
            assert ready.known(connection, None, NOON + timedelta(minutes=minutes)) is None
    assert questions(world) == [STEP]
    assert world.rt.ledger.batch(STEP).standing.flow_class == FlowClass.INTERACTIVE

    asking(world).ask(connection, None, NOON + EVERY)
    assert len(questions(world)) == 2


def test_accounts_are_asked_each_for_itself(world: World) -> None:
    ready, connection = asking(world), world.rt.config.connection()
    ready.ask(connection, "acct_1", NOON)
    ready.ask(connection, None, NOON)
    assert questions(world) == [STEP, "data-ready.default.acct_1.20261005T1200Z"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-05 06:00:00",
        "2026-10-05 06:00:00.000",
        "2026-10-05 06:00:00.000 UTC",
        "2026-10-05T06:00:00Z",
        "2026-10-05 08:00:00+02:00",
    ],
)
def test_the_answer_is_read_in_every_form_that_trino_has(world: World, text: str) -> None:
    ready, connection = asking(world), world.rt.config.connection()
    ready.ask(connection, None, NOON)
    answer(world, text)
    ready.ask(connection, None, NOON)
    assert ready.known(connection, None, NOON) == datetime(2026, 10, 5, 6, tzinfo=UTC)
    assert ready.known(connection, "acct_1", NOON) is None


def test_an_answer_is_never_taken_back(world: World) -> None:
    ready, connection = asking(world), world.rt.config.connection()
    for step, loaded in enumerate(("2026-10-05 06:00:00", "2026-10-04 06:00:00")):
        ready.ask(connection, None, NOON + step * EVERY)
        answer(world, loaded)
        ready.ask(connection, None, NOON + step * EVERY)
        loaded = ready.known(connection, None, NOON + step * EVERY)
    assert loaded == datetime(2026, 10, 5, 6, tzinfo=UTC)


def test_an_answer_that_says_nothing_is_said_and_asked_again_in_the_next_step(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ready, connection = asking(world), world.rt.config.connection()
    ready.ask(connection, None, NOON)
    answer(world, "soon")
    with caplog.at_level(logging.WARNING):
        ready.ask(connection, None, NOON)
        assert ready.known(connection, None, NOON) is None
    assert "cannot be read" in caplog.text
    ready.ask(connection, None, NOON + EVERY)
    assert len(questions(world)) == 2


def test_a_question_that_failed_is_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    ready, connection = asking(world), world.rt.config.connection()
    ready.ask(connection, None, NOON)
    why = FailureRecord(
        attempt=0,
        error_class=FailureClass.SQL,
        code=None,
        message="no column data_load_time",
        query_run=None,
        request_id=None,
        at=NOON,
    )
    world.rt.ledger.record_failure(STEP, LANE, 0, why)
    with caplog.at_level(logging.WARNING):
        ready.ask(connection, None, NOON)
        assert ready.known(connection, None, NOON) is None
    assert "no column data_load_time" in caplog.text
