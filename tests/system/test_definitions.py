"""Definitions of the spec through real processes, with the sandbox's own count as the judge."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.scheduler.definitions.expand import expand_batch
from forebay.store.ledger.records import Batch
from tests.servers.processes import NO_EVENTS, NO_LIMITS, sandbox, wait_until, workers
from tests.system.deployment import Deployment, of_spec

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ACCOUNTS = [f"acct_sandbox{number:04d}" for number in (2, 3, 5)]

SPEC = f"""
version: 1
connections:
  org: {{mode: test, key: secret://env/ORG_KEY}}
  each: {{mode: test, key: "secret://file/keys/{{account}}"}}
accounts:
  shops: {{list: [{", ".join(ACCOUNTS)}]}}
defaults: {{connection: org}}
batches:
  cached: {{sql: "SELECT id, amount FROM charges ORDER BY id LIMIT 7", accounts: shops, cache: {{max_age: 1d}},
           canary: false}}
  contexts: {{sql: "q/*.sql", accounts: shops, canary: false}}
  keys: {{sql: "q/*.sql", accounts: shops, connection: each, canary: false}}
"""


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "charges.sql").write_text("SELECT id, amount FROM charges ORDER BY id LIMIT 20")
    (tmp_path / "q" / "customers.sql").write_text("SELECT id FROM customers ORDER BY id LIMIT 3")
    (tmp_path / "keys").mkdir()
    for account in ACCOUNTS:
        (tmp_path / "keys" / account).write_text(f"rk_test_{account}_own")
        (tmp_path / "keys" / account).chmod(0o600)
    with sandbox(tmp_path / "sandbox.log", "--duration", "fixed:1", *NO_LIMITS, *NO_EVENTS) as stripe_url:
        yield from of_spec(
            SPEC, redis_url=valkey_url, stripe_url=stripe_url, folder=tmp_path, ORG_KEY="sk_org_test_shops"
        )


def submit(deployment: Deployment, name: str, *, fresh: bool = False) -> Batch:
    expansion = expand_batch(deployment.config, name, now=datetime.now(UTC))
    return deployment.submitter.submit(expansion.new_batch(fresh=fresh))


def test_five_batches_of_one_query_make_one_query_run_each_even_past_a_lost_redis(deployment: Deployment) -> None:
    batches = [submit(deployment, "cached") for _ in range(3)]
    with workers([deployment.logs / "w1.log"], deployment.env):
        wait_until(lambda: deployment.counts()["totals"]["runs"] == len(ACCOUNTS), "the first creates")
        batches += [submit(deployment, "cached")]
        deployment.redis.flushall()
        deployment.reconciler.all()
        # The Redis that knew what is shared is gone: a batch from now on begins anew, those before share as they did.
        assert all(deployment.wait_until_done(batch).landed == len(ACCOUNTS) for batch in batches)
        assert deployment.counts()["totals"]["runs"] == len(ACCOUNTS)

        fresh = submit(deployment, "cached", fresh=True)
        assert deployment.wait_until_done(fresh).landed == len(ACCOUNTS)
        later = submit(deployment, "cached")
        assert deployment.wait_until_done(later).landed == len(ACCOUNTS)

    assert deployment.counts()["totals"]["runs"] == 2 * len(ACCOUNTS)
    assert deployment.counts()["idempotency"]["max_executions_per_key"] == 1
    trees = [deployment.objects(batch) for batch in (*batches, fresh, later)]
    assert all(tree == trees[0] for tree in trees)
    assert len(trees[0]) == len(ACCOUNTS)


def test_submits_of_two_processes_at_once_make_one_query_run_each(deployment: Deployment) -> None:
    command = [sys.executable, "-c", "from forebay.cli.main import main; main()", "submit", "cached", "--json"]
    folder = Path(deployment.destination).parent
    submits = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=deployment.env, cwd=folder) for _ in range(2)
    ]
    said = [submit.communicate(timeout=60)[0] for submit in submits]
    assert [submit.returncode for submit in submits] == [0, 0]
    batches = [deployment.ledger.batch(json.loads(lines.splitlines()[-1])["batch"]) for lines in said]

    with workers([deployment.logs / "w1.log"], deployment.env):
        assert all(deployment.wait_until_done(batch).landed == len(ACCOUNTS) for batch in batches)

    assert deployment.counts()["totals"]["runs"] == len(ACCOUNTS)
    assert deployment.objects(batches[0]) == deployment.objects(batches[1])


def test_an_organization_key_and_a_key_for_each_account_land_the_same_bytes(deployment: Deployment) -> None:
    with workers([deployment.logs / "w1.log"], deployment.env):
        contexts, keys = submit(deployment, "contexts"), submit(deployment, "keys")
        for batch in (contexts, keys):
            progress = deployment.wait_until_done(batch)
            assert (progress.landed, progress.failed) == (2 * len(ACCOUNTS), 0)

    assert [flow.lane for flow in contexts.flows] == ["org:test"]
    assert [flow.lane for flow in keys.flows] == [f"each:test:{account}" for account in ACCOUNTS]
    tree = deployment.objects(contexts)
    assert tree == deployment.objects(keys)
    assert len(tree) == 2 * len(ACCOUNTS)
    assert len(set(tree.values())) == len(tree), "accounts whose data are alike would prove nothing"
