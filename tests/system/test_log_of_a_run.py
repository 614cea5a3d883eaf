"""What real workers log of runs that land, fail and are fetched again: enough to follow each, and nothing secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.scheduler.batches.new_batch import NewBatch
from forebay.store.ledger.records import BatchTerms, Item
from tests.servers.processes import wait_until, workers
from tests.system.deployment import KEY, Deployment, queries, unhurried

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

BATCH = "fees.20261128T0000Z-20261129T0000Z"
#: In the SQL of the one that fails, and so in the engine's words, which may quote what they stumble over.
QUOTED = "what_a_customer_wrote"


@pytest.fixture(params=["text", "json"])
def log_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path, log_format: str) -> Iterator[Deployment]:
    yield from unhurried(
        *("--cap", "5", "--duration", "fixed:0.2"),
        redis_url=valkey_url,
        folder=tmp_path,
        cap=5,
        FOREBAY_LOG_FORMAT=log_format,
        FOREBAY_LOG_LEVEL="debug",
    )


def run(deployment: Deployment, log: Path) -> str:
    """Runs six queries of a window, of which one fails, and one loses its first download. Returns the log."""
    failing = Item(name="broken", sql=f"SELECT {QUOTED} FROM charges", account=None)
    faults = [{"name": "expires_midway", "times": 1}, {"name": "server_error", "operation": "create", "times": 1}]
    httpx.post(f"{deployment.stripe_url}/sandbox/control", json={"faults": faults}).raise_for_status()
    terms = BatchTerms(id=BATCH, output=deployment.destination, source="a test")
    connection = deployment.config.connection()
    with workers([log], deployment.env):
        new = NewBatch(terms=terms, connection=connection, items=[*queries(5), failing])
        batch = deployment.submitter.submit(new)
        progress = deployment.wait_until_done(batch)
        wait_until(lambda: log.read_text().count("landed") >= 5, "the last line to be written")
    assert (progress.landed, progress.failed) == (5, 1)
    return log.read_text()


def records_of(text: str, log_format: str) -> list[dict[str, Any]]:
    """Reads the lines that tell of something, in either form."""
    if log_format == "json":
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    fields = re.compile(r"(\w+)=(\"[^\"]*\"|\S+)")
    return [dict(fields.findall(line.rpartition("  ")[2])) for line in text.splitlines() if "  event=" in line]


def test_each_run_can_be_followed_and_nothing_secret_is_said(
    deployment: Deployment, tmp_path: Path, log_format: str
) -> None:
    text = run(deployment, tmp_path / "w1.log")

    for secret in (KEY, "signature=", "/files/", "SELECT", QUOTED):
        assert secret not in text, f"a log held {secret}"

    told = [one for one in records_of(text, log_format) if "run" in one]
    assert [one for one in told if not {"event", "batch", "extract", "window", "lane", "attempt"} <= set(one)] == []
    assert {(one["batch"], one["extract"], one["window"], one["lane"]) for one in told} == {
        (BATCH, "fees", "20261128T0000Z-20261129T0000Z", "default:test")
    }
    landed = [one for one in told if one["event"] == "landed"]
    assert sorted(one["query"] for one in landed) == [f"q00{number}" for number in range(5)]
    assert all(one["query_run"].startswith("qryrun") and int(one["stored_bytes"]) > 0 for one in landed)
    events = {one["event"] for one in told}
    assert {"landing_failed", "refused"} <= events, "the faults were not told of"
    (failed,) = [one for one in told if one["event"] == "failed"]
    assert (failed["query"], failed["error_class"]) == ("broken", "sql")


@pytest.mark.parametrize("log_format", ["json"], indirect=True)
def test_a_line_of_json_says_when_and_who(deployment: Deployment, tmp_path: Path, log_format: str) -> None:
    (first, *_) = [one for one in records_of(run(deployment, tmp_path / "w1.log"), log_format) if "run" in one]
    assert datetime.fromisoformat(first["ts"]).tzinfo == UTC
    assert first["level"] in ("INFO", "WARNING") and first["logger"].startswith("forebay.")
