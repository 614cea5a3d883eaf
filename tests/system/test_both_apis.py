"""One spec by each generation of Stripe's API: queries, a fan-out, an extract with its gate, a window that is cut.

What lands is byte-equal, and each generation's proof stands in the manifests.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from forebay.config.stripe import Api
from forebay.landing.manifest import SUFFIX, Manifest, read_manifest
from forebay.scheduler.definitions.expand import expand_batch, expand_window
from forebay.scheduler.extracts.ready import SQL as QUESTION
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.records import Batch
from forebay.store.local import LocalStore
from tests.servers.processes import NO_EVENTS, NO_LIMITS, sandbox, start_worker, stop, wait_until
from tests.system.deployment import Deployment, of_spec

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

FOREBAY = str(Path(sys.executable).with_name("forebay"))
ACCOUNTS = [f"acct_sandbox{number:04d}" for number in range(1, 4)]
OF_THE_WINDOW = "WHERE created >= {{ window.start }} AND created < {{ window.end }}"
SPEC = f"""
version: 1
connections:
  one: {{mode: test, key: secret://env/ONE_KEY}}
  org: {{mode: test, key: secret://env/ORG_KEY}}
accounts:
  shops: {{list: [{", ".join(ACCOUNTS)}]}}
defaults: {{connection: one}}
batches:
  job: {{sql: "q/*.sql"}}
  shops: {{sql: q/refunds.sql, accounts: shops, connection: org, canary: false}}
extracts:
  gated:
    sql: SELECT id, amount FROM charges {OF_THE_WINDOW} ORDER BY id
    window: {{every: 1mo, start: 2026-07-01}}
    schedule: {{when: data_ready, catch_up: all, overlap: allow}}
  large:
    sql: SELECT id, amount, created, description FROM charges {OF_THE_WINDOW}
    window: {{every: 1mo, start: 2026-08-01}}
    schedule: {{when: manual}}
    split: {{on: created, min: 1d, max_parts: 31}}
"""
QUERIES = {
    "charges": "SELECT id, amount, description, created FROM charges ORDER BY id",
    "refunds": "SELECT id, amount, created FROM refunds ORDER BY id",
    "nothing": "SELECT id FROM charges WHERE amount < 0",
}
AUGUST = Window(datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC))
#: Two of the months of `gated` are over by then, as far as data go.
DATA_UNTIL = datetime(2026, 9, 10, tzinfo=UTC)


@dataclass
class Landed:
    """What one generation came to."""

    objects: dict[str, bytes]
    manifests: dict[str, Manifest]
    asked: list[str]
    """The SQL that the sandbox was asked, hashed, sorted."""


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    options = ["--accounts", "3", "--duration", "fixed:0.1", "--data-load-time", DATA_UNTIL.isoformat()]
    with sandbox(tmp_path / "sandbox.log", *options, *NO_LIMITS, *NO_EVENTS) as url:
        yield url


def landed_by(api: Api, stripe_url: str, valkey_url: str, folder: Path) -> Landed:
    """Runs all of it by one generation."""
    (folder / "q").mkdir(parents=True)
    for name, sql in QUERIES.items():
        (folder / "q" / f"{name}.sql").write_text(sql)
    httpx.post(f"{stripe_url}/sandbox/reset").raise_for_status()
    keys = {"ONE_KEY": "rk_test_acct_sandbox0001_x", "ORG_KEY": "sk_org_test_shops", "FOREBAY_API": api.value}
    for deployment in of_spec(SPEC, redis_url=valkey_url, stripe_url=stripe_url, folder=folder, **keys):
        with ExitStack() as stack:
            stack.callback(stop, start_worker(folder / "worker.log", deployment.env))
            now = datetime.now(UTC)
            for name in ("job", "shops"):
                batch = deployment.submitter.submit(expand_batch(deployment.config, name, now=now).new_batch())
                assert deployment.closed(batch, deadline_s=90).outcome == "landed"
            gated_by_beat(deployment, folder)
            cut_in_parts(deployment, stripe_url)
        return found_in(deployment, stripe_url)
    raise AssertionError("a deployment is made once")


def gated_by_beat(deployment: Deployment, folder: Path) -> None:
    """Waits until beat has landed the windows whose data are there."""
    with ExitStack() as stack, (folder / "beat.log").open("w") as log:
        beat = subprocess.Popen([FOREBAY, "beat"], stdout=log, stderr=log, text=True, env=deployment.env, cwd=folder)
        stack.callback(stop, beat)
        wait_until(
            lambda: [name for name in deployment.ledger.names.like("gated.") if deployment.ledger.closing(name)][1:],
            "two windows of the gated extract",
            deadline_s=90,
        )


def cut_in_parts(deployment: Deployment, stripe_url: str) -> None:
    """Runs August while it fits, and again when Stripe delivers no more than a third of it."""

    def run(again: int) -> Batch:
        new = expand_window(deployment.config, "large", AUGUST, again=again).new_batch()
        batch = deployment.submitter.submit(new)
        assert deployment.closed(batch, deadline_s=90).outcome == "landed"
        return batch

    run(0)
    (whole,) = (each for each in manifests(deployment).values() if each.definition == "large")
    assert whole.delivered_bytes
    limit = {"result_limit_bytes": whole.delivered_bytes // 3}
    httpx.post(f"{stripe_url}/sandbox/control", json=limit).raise_for_status()
    run(1)


def manifests(deployment: Deployment) -> dict[str, Manifest]:
    """By their places; batches of queries without the part of their id that says when."""
    store = LocalStore(Path(deployment.destination))
    stems = [key.removesuffix(SUFFIX) for key in store.list("") if key.endswith(SUFFIX)]
    read = {stem: read_manifest(store, stem) for stem in stems}
    return {
        "/".join([stem.partition("-2")[0], *stem.split("/")[1:]]) if stem[:3] in ("job", "sho") else stem: manifest
        for stem, manifest in read.items()
        if manifest
    }


def found_in(deployment: Deployment, stripe_url: str) -> Landed:
    store, found = LocalStore(Path(deployment.destination)), manifests(deployment)
    runs = httpx.get(f"{stripe_url}/sandbox/runs", params={"limit": 1000}).json()["data"]
    return Landed(
        objects={place: store.get(manifest.object.key) for place, manifest in found.items()},
        manifests=found,
        asked=sorted(run["sql_sha256"] for run in runs),
    )


def test_one_spec_lands_the_same_bytes_by_either_generation(stripe_url: str, valkey_url: str, tmp_path: Path) -> None:
    older, newer = (landed_by(api, stripe_url, valkey_url, tmp_path / api) for api in (Api.REPORTING, Api.DATA))

    assert sorted(older.objects) == sorted(newer.objects)
    assert older.objects == newer.objects
    definitions = [each.definition for each in newer.manifests.values()]
    assert {name: definitions.count(name) for name in ("job", "shops", "gated")} == {"job": 3, "shops": 3, "gated": 2}
    parts = [each for each in newer.manifests.values() if each.part]
    assert len(parts) >= 3 and len(parts) == definitions.count("large"), "August landed in parts"
    question = hashlib.sha256(QUESTION.encode()).hexdigest()
    asked = [[each for each in landed.asked if each != question] for landed in (older, newer)]
    assert asked[0] == asked[1], "each query as often by one as by the other"

    for place, manifest in older.manifests.items():
        assert manifest.query_run.startswith("qryrun_"), place
        assert (manifest.api_version, manifest.refreshed_at) == ("2026-04-22.preview", None), place
    for place, manifest in newer.manifests.items():
        assert manifest.query_run.startswith("qrun_"), place
        assert (manifest.api_version, manifest.refreshed_at) == ("2026-10-28.preview", DATA_UNTIL), place
        assert tuple(column.name for column in manifest.told_columns) == manifest.csv.columns, place
