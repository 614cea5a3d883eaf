"""Three ways to the same tree: one run over an organization that is sorted, contexts, a key for each account."""

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from forebay.scheduler.definitions.expand import Wanted, expand_batch, expand_window
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.records import Batch
from tests.servers.processes import NO_EVENTS, NO_LIMITS, sandbox, workers
from tests.system.deployment import Deployment, of_spec

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ACCOUNTS = [f"acct_sandbox{number:04d}" for number in range(1, 6)]
FORMATS = ["auto", "csv", "zip", "csv.gz", "csv.zst", "parquet"]
#: No charge of acct_sandbox0002 is as large.
SQL = "SELECT id, {}amount, description, created FROM charges WHERE amount > 2400000 ORDER BY id"
MONTHLY = (
    "SELECT {}id, amount FROM charges WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}} "
    "ORDER BY id"
)
#: What says of one format how it is asked for in each way.
WAYS = """
  contexts_{n}: {{sql: q/charges.sql, accounts: shops, canary: false, format: {format}, columns: {columns}}}
  keys_{n}: {{sql: q/charges.sql, accounts: shops, connection: each, canary: false,
             format: {format}, columns: {columns}}}
  sorted_{n}: {{sql: org/charges.sql, accounts: shops, fan_out: organization, by_account: {{column: account}},
               format: {format}, columns: {columns}}}
"""
SPEC = f"""
version: 1
connections:
  org: {{mode: test, key: secret://env/ORG_KEY}}
  each: {{mode: test, key: "secret://file/keys/{{account}}"}}
accounts:
  shops: {{list: [{", ".join(ACCOUNTS)}]}}
  some: {{list: [{", ".join(ACCOUNTS[:2])}]}}
defaults: {{connection: org}}
extracts:
  contexts:
    {{sql: q/monthly.sql, accounts: shops, canary: false, format: parquet, columns: {{amount: bigint}},
      window: {{every: 1mo, start: 2026-08-01}}, schedule: {{when: manual}}}}
  sorted:
    {{sql: org/monthly.sql, accounts: shops, fan_out: organization, by_account: {{column: account}}, format: parquet,
      columns: {{amount: bigint}}, window: {{every: 1mo, start: 2026-08-01}}, schedule: {{when: manual}}}}
batches:
  unsorted: {{sql: org/charges.sql, accounts: shops, fan_out: organization, by_account: {{column: merchant_id}}}}
  surprised: {{sql: org/charges.sql, accounts: some, fan_out: organization, by_account: {{column: account}}}}
""" + "".join(
    WAYS.format(n=number, format=each, columns="{amount: bigint, created: timestamp}" if each == "parquet" else "{}")
    for number, each in enumerate(FORMATS)
)


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    for folder, column in (("q", ""), ("org", "account, ")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "charges.sql").write_text(SQL.format(column))
        (tmp_path / folder / "monthly.sql").write_text(MONTHLY.format(column))
    (tmp_path / "keys").mkdir()
    for account in ACCOUNTS:
        (tmp_path / "keys" / account).write_text(f"rk_test_{account}_own")
        (tmp_path / "keys" / account).chmod(0o600)
    with sandbox(
        tmp_path / "sandbox.log", "--accounts", "5", "--duration", "fixed:0", *NO_LIMITS, *NO_EVENTS
    ) as stripe_url:
        yield from of_spec(
            SPEC, redis_url=valkey_url, stripe_url=stripe_url, folder=tmp_path, ORG_KEY="sk_org_test_shops"
        )


def submit(deployment: Deployment, name: str) -> Batch:
    return deployment.submitter.submit(expand_batch(deployment.config, name, now=datetime.now(UTC)).new_batch())


def unpacked(found: dict[str, bytes]) -> dict[str, bytes]:
    """What was compressed by Stripe for one way (a zip names the QueryRun too), and here for another, as it was."""
    return {name: _unpacked(name, data) for name, data in found.items()}


def _unpacked(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(archive.namelist()[0])
    return data


def command(deployment: Deployment, *words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from forebay.cli.main import main; main()", *words]
    folder = Path(deployment.destination).parent
    return subprocess.run(
        program,
        capture_output=True,
        text=True,
        env={**os.environ, **deployment.env},
        cwd=folder,
        timeout=60,
        check=False,
    )


def test_the_three_ways_land_the_same_tree_in_each_format(deployment: Deployment) -> None:
    batches = {
        (number, way): submit(deployment, f"{way}_{number}")
        for number in range(len(FORMATS))
        for way in ("contexts", "keys", "sorted")
    }
    with workers([deployment.logs / "w1.log"], deployment.env):
        ended = {key: deployment.closed(batch) for key, batch in batches.items()}

    assert {closing.outcome for closing in ended.values()} == {"landed"}
    for number, result_format in enumerate(FORMATS):
        contexts, keys, by_account = (
            deployment.objects(batches[number, way]) for way in ("contexts", "keys", "sorted")
        )
        assert [name.partition("/")[0] for name in sorted(by_account)] == ACCOUNTS
        assert unpacked(by_account) == unpacked(contexts) == unpacked(keys)
        if result_format not in ("zip", "csv.gz"):
            assert by_account == contexts == keys
        closing = ended[number, "sorted"]
        assert (closing.runs, closing.landed) == (1, 1)
        assert closing.coverage == ended[number, "contexts"].coverage
        assert closing.coverage.empty == (ACCOUNTS[1],)
        assert closing.records == ended[number, "contexts"].records > 0
        answer = command(deployment, "verify", batches[number, "sorted"].id)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    assert not list(deployment.store(deployment.destination).list("_quarantine/"))
    root = Path(deployment.destination) / batches[FORMATS.index("parquet"), "sorted"].id
    pattern = f"{root}/*/charges.parquet"
    counted = duckdb.sql(f"SELECT count(*) FROM read_parquet('{pattern}') WHERE amount > 2400000").fetchall()
    assert counted == [(ended[FORMATS.index("parquet"), "sorted"].records,)]


def test_windows_of_both_ways_are_one_hive_tree_that_duckdb_reads_by_window_and_account(deployment: Deployment) -> None:
    months = [
        Window(datetime(2026, month, 1, tzinfo=UTC), datetime(2026, month + 1, 1, tzinfo=UTC)) for month in (8, 9)
    ]
    trees: dict[object, Any] = {}
    with workers([deployment.logs / "w1.log"], deployment.env):
        for name, output in (("contexts", "by_contexts"), ("sorted", "by_sorting")):
            root = deployment.logs / output
            wanted = Wanted(output=str(root))
            expansions = [expand_window(deployment.config, name, month, wanted=wanted) for month in months]
            batches = [deployment.submitter.submit(each.new_batch()) for each in expansions]
            assert [deployment.closed(batch).outcome for batch in batches] == ["landed", "landed"]
            found = sorted(root.rglob("*.parquet"))
            # An attempt's object has a name of its own, and each extract a folder.
            trees[name] = {str(path.parent.relative_to(root / name)): path.read_bytes() for path in found}
            pattern = f"{root}/{name}/*/*/*.parquet"
            rows = duckdb.connect().execute(
                'SELECT "window"::VARCHAR, account, count(*), sum(amount) '
                "FROM read_parquet(?, hive_partitioning = true) GROUP BY ALL ORDER BY ALL",
                [pattern],
            )
            trees[name, "rows"] = rows.fetchall()

    assert sorted(trees["sorted"]) == [
        f"window=2026-{month}/account={each}" for month in ("08", "09") for each in ACCOUNTS
    ]
    assert trees["sorted"] == trees["contexts"]
    assert trees["sorted", "rows"] == trees["contexts", "rows"]
    assert len(trees["sorted", "rows"]) == 2 * len(ACCOUNTS)


def test_commands_understand_a_result_that_was_sorted(deployment: Deployment) -> None:
    with workers([deployment.logs / "w1.log"], deployment.env):
        batch = submit(deployment, "sorted_1")
        deployment.closed(batch)
        runs_before = deployment.counts()["totals"]["runs"]

        shown = command(deployment, "show", batch.id, "charges", "--json")
        events = [json.loads(line) for line in shown.stdout.splitlines()]
        (run,) = [event for event in events if event["event"] == "run"]
        assert [each["account"] for each in run["by_account"]] == ACCOUNTS
        assert all(Path(each["result"].removeprefix("file://")).is_file() for each in run["by_account"])
        page = command(deployment, "show", batch.id)
        assert f"{ACCOUNTS[0]}/charges.csv, and 4 more by account" in page.stdout.replace("\n", " ")

        sql = command(deployment, "load-sql", batch.id, "--for", "duckdb")
        assert sql.returncode == 0, sql.stderr
        rows = duckdb.connect()
        rows.execute(sql.stdout)
        loaded = rows.sql("SELECT _account, count(*) FROM charges GROUP BY 1 ORDER BY 1").fetchall()
        filled = [(each["account"], each["records"]) for each in run["by_account"] if each["records"]]
        assert loaded == filled

        deployment.redis.flushall()
        deployment.reconciler.all()
        known = command(deployment, "show", batch.id, "--json")
        assert '"landed"' in known.stdout

        again = command(deployment, "refetch", batch.id, "--format", "parquet", "--json")
        assert again.returncode == 0, again.stdout + again.stderr
        refetched = json.loads(again.stdout.splitlines()[-1])["batch"]
        found = deployment.objects(deployment.ledger.batch(refetched))
        assert sorted(found) == [f"{account}/charges.parquet" for account in ACCOUNTS]
        assert command(deployment, "verify", refetched).returncode == 0

    assert deployment.counts()["totals"]["runs"] == runs_before == 1


def test_a_result_without_the_column_waits_in_quarantine_and_is_released_whole(deployment: Deployment) -> None:
    with workers([deployment.logs / "w1.log"], deployment.env):
        batch = submit(deployment, "unsorted")
        closing = deployment.closed(batch)

        assert (closing.outcome, closing.in_quarantine) == ("checks_failed", 1)
        (check,) = closing.checks
        assert (check.check, check.ok) == ("accounts", False)
        assert check.finding.startswith("the result has no column 'merchant_id'; it has id, account, amount")
        assert closing.coverage.missing == tuple(ACCOUNTS)
        assert deployment.objects(batch) == {}
        kept = [key for key in deployment.store(deployment.destination).list("_quarantine/") if key.endswith(".csv")]
        assert kept == [f"_quarantine/{batch.id}/charges.csv"]

        released = command(deployment, "release", batch.id, "--reason", "wanted as it is")
        assert released.returncode == 0, released.stdout + released.stderr

    whole = deployment.sandbox_csv(deployment.manifests(batch)["charges"]["query_run"])
    assert deployment.objects(batch) == {"charges.csv": whole}
    assert deployment.counts()["totals"]["runs"] == 1


def test_accounts_that_nobody_expected_land_and_are_told(deployment: Deployment) -> None:
    with workers([deployment.logs / "w1.log"], deployment.env):
        batch = submit(deployment, "surprised")
        closing = deployment.closed(batch)

        assert closing.outcome == "landed"
        coverage = closing.coverage
        assert (coverage.expected, coverage.landed, coverage.empty) == (2, 2, (ACCOUNTS[1],))
        assert coverage.unexpected == tuple(ACCOUNTS[2:])
        assert sorted(deployment.objects(batch)) == [f"{account}/charges.csv" for account in ACCOUNTS]
        page = command(deployment, "show", batch.id)
        assert f"besides {', '.join(ACCOUNTS[2:])}: landed, and nobody expected them" in " ".join(page.stdout.split())
