"""A window over Stripe's limit, through real workers: it is cut, and its parts are together what the whole was.

It ran before, when it fitted: so the parts take the place of the whole.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from forebay.landing.manifest import SUFFIX, Manifest, read_manifest
from forebay.scheduler.definitions.expand import expand_window
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.outcomes import Closing
from forebay.store.local import LocalStore
from tests.servers.processes import NO_EVENTS, NO_LIMITS, sandbox, workers
from tests.system.deployment import Deployment, of_spec

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

#: Rows are told apart by their id, and the tie-out counts and adds up over the whole window.
SPEC = """
version: 1
connections:
  acme: {mode: test, key: secret://env/ACME_KEY}
extracts:
  charges:
    sql: >-
      SELECT id, amount, created FROM charges
      WHERE created >= {{ window.start }} AND created < {{ window.end }}
    checks:
      columns: [id, amount, created]
      tie_out: >-
        SELECT count(*) AS records, sum(amount) AS amount FROM charges
        WHERE created >= {{ window.start }} AND created < {{ window.end }}
    window: {every: 1mo, timezone: Europe/Berlin, start: 2026-10-01}
    split: {on: created, min: 1d, max_parts: 31}
"""
PLACE = "charges/window=2026-10/charges"
#: The clock is set back in it, so one of its days has 25 hours.
OCTOBER = Window(datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    with sandbox(tmp_path / "sandbox.log", "--duration", "fixed:0", *NO_LIMITS, *NO_EVENTS) as stripe_url:
        yield from of_spec(
            SPEC, redis_url=valkey_url, stripe_url=stripe_url, folder=tmp_path, ACME_KEY="rk_test_acct_sandbox0001_x"
        )


def run(deployment: Deployment, again: int) -> tuple[str, Closing]:
    """Runs the month to its end; each time is a batch of its own."""
    batch = deployment.submitter.submit(expand_window(deployment.config, "charges", OCTOBER, again=again).new_batch())
    return batch.id, deployment.closed(batch, deadline_s=90)


def rows(store: LocalStore, manifests: list[Manifest]) -> list[list[str]]:
    """All records, without their headers, in the order of the manifests."""
    texts = [store.get(manifest.object.key).decode() for manifest in manifests]
    return [row for text in texts for row in list(csv.reader(io.StringIO(text)))[1:]]


def parts(store: LocalStore) -> list[Manifest]:
    stems = [key.removesuffix(SUFFIX) for key in sorted(store.list(f"{PLACE}.part-")) if key.endswith(SUFFIX)]
    return [manifest for stem in stems if (manifest := read_manifest(store, stem))]


def test_a_month_over_the_limit_lands_in_parts_that_tile_it_and_add_up_to_it(deployment: Deployment) -> None:
    store = LocalStore(Path(deployment.destination))
    with workers([deployment.logs / "w1.log"], deployment.env):
        _, closed = run(deployment, again=0)
        whole = read_manifest(store, PLACE)
        assert closed.outcome == "landed" and whole and whole.delivered_bytes and whole.csv.records
        rows_before = rows(store, [whole])
        # A half of the month does not fit either.
        limit = {"result_limit_bytes": whole.delivered_bytes // 3}
        httpx.post(f"{deployment.stripe_url}/sandbox/control", json=limit).raise_for_status()
        cut, closed = run(deployment, again=1)

    assert (closed.outcome, closed.landed, closed.failed, len(closed.parts)) == ("landed", 2, 0, 1)
    assert [(check.check, check.ok) for check in closed.checks] == [("columns", True), ("tie_out", True)]
    assert closed.records == whole.csv.records

    found = parts(store)
    assert {part.batch for part in found} == {cut}
    windows = [part.part for part in found if part.part]
    assert len(found) == len(windows) == windows[0].of >= 4
    assert [window.number for window in windows] == list(range(1, len(windows) + 1))
    assert (windows[0].start, windows[-1].end) == (OCTOBER.start, OCTOBER.end)
    assert all(one.end == next_one.start for one, next_one in pairwise(windows))
    assert all(part.submitted_at and part.ended_at and part.submitted_at <= part.ended_at for part in found)

    assert sorted(rows(store, found)) == sorted(rows_before)
    assert read_manifest(store, PLACE) is None
    assert {key for key in store.list(f"{PLACE}.part-") if key.endswith(".csv")} == {part.object.key for part in found}
    assert store.size(whole.object.key) is None, "what was replaced is gone"
    assert list(store.list("_quarantine/")) == []
    assert deployment.ledger.closing(closed.parts[0]) is None, "parts have no end of their own"
