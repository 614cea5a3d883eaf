"""`forebay shadow` against a whole deployment: contexts of an organization, real workers, the sandbox's own count."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.config.stripe import Api
from tests.servers.processes import NO_EVENTS, NO_LIMITS, sandbox, wait_until, workers
from tests.system.deployment import Deployment, of_spec

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ACCOUNTS = [f"acct_sandbox{number:04d}" for number in (2, 3, 5)]
CAP = 3
SPEC = f"""
version: 1
connections:
  org: {{mode: test, key: secret://env/ORG_KEY, lane: {{cap: {CAP}}}}}
accounts:
  shops: {{list: [{", ".join(ACCOUNTS)}]}}
extracts:
  fees:
    sql: "q/*.sql"
    accounts: shops
    window: {{every: 1d, start: 2026-10-01, timezone: UTC}}
    checks: {{rows: {{min: 100000}}}}
    notify: {{command: ["false"]}}
"""
WITHIN = "created >= {{ window.start }} AND created < {{ window.end }} ORDER BY id"


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "charges.sql").write_text(f"SELECT id, amount FROM charges WHERE {WITHIN}")
    fee = "CAST(fee AS decimal(20, 2)) / 100 AS fee"
    (tmp_path / "q" / "fees.sql").write_text(f"SELECT id, {fee} FROM balance_transactions WHERE {WITHIN}")
    caps = ["--cap", str(CAP), "--cap-scope", "organization"]
    with sandbox(tmp_path / "sandbox.log", "--duration", "fixed:0.5", *NO_LIMITS, *NO_EVENTS, *caps) as stripe_url:
        yield from of_spec(
            SPEC, redis_url=valkey_url, stripe_url=stripe_url, folder=tmp_path, ORG_KEY="sk_org_test_shops"
        )


def started(deployment: Deployment, *more: str) -> subprocess.Popen[str]:
    run = "from forebay.cli.main import main; main()"
    command = [sys.executable, "-c", run, "shadow", "fees", "--window", "2026-10-15", "--yes", "--json", *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=deployment.env, cwd=Path(deployment.destination).parent
    )


def told(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.communicate(timeout=120)[0].splitlines()]


def fault(deployment: Deployment, *faults: dict[str, Any]) -> None:
    httpx.post(f"{deployment.stripe_url}/sandbox/control", json={"faults": list(faults)}).raise_for_status()


def test_what_is_the_same_is_found_equal_within_the_cap_and_counts_as_nothing_that_ran(deployment: Deployment) -> None:
    with workers([deployment.logs / "w1.log"], deployment.env):
        process = started(deployment)
        *events, result = told(process)

    assert (process.returncode, result["equal"], result["items"]) == (0, 6, 6), result
    assert {event["verdict"] for event in events if event["event"] == "compared"} == {"equal"}
    counts = deployment.counts()
    assert (counts["totals"]["runs"], counts["idempotency"]["max_executions_per_key"]) == (12, 1)
    assert deployment.peak_alive() == CAP
    assert {path.name for path in Path(deployment.destination).iterdir()} == {"_shadow"}
    assert {*deployment.ledger.names.folders()} == {f"{result['shadow']}.{api}" for api in Api}


def test_what_differs_is_named_on_each_side_and_no_value_is(deployment: Deployment) -> None:
    fault(
        deployment,
        {"name": "other_decimals", "api": "data"},
        {"name": "fail_run", "api": "reporting", "times": 1, "error_code": "query_run_invalid_sql"},
    )
    with workers([deployment.logs / "w1.log"], deployment.env):
        process = started(deployment)
        *events, result = told(process)

    compared = [event for event in events if event["event"] == "compared"]
    assert process.returncode == 3
    (one_side,) = [each for each in compared if each["verdict"] == "one_side"]
    assert (one_side["reporting"]["error_class"], one_side["reporting"]["code"]) == ("sql", "query_run_invalid_sql")
    forms = [each["rows"]["columns"] for each in compared if each["verdict"] == "form"]
    assert len(forms) == 3 - (one_side["name"] == "fees")
    for (column,) in forms:
        assert (column["name"], column["differ"] == column["in_form"]) == ("fee", True)
        assert column["forms"] == [["decimal with 2 digits"], ["decimal with 4 digits"]]
    report = Path(deployment.destination, "_shadow", f"{result['shadow']}.json").read_text()
    landed = {path: path.read_text() for path in Path(deployment.destination).rglob("*.csv")}
    ids = {line.partition(",")[0] for text in landed.values() for line in text.splitlines()[1:]}
    assert ids
    assert not [value for value in ids if value in report or value in json.dumps(events)]


def test_who_comes_back_after_an_interruption_asks_nothing_twice(deployment: Deployment) -> None:
    process = started(deployment)
    # Wherever it is by then: one of the two is accepted, or both, or it follows them.
    wait_until(lambda: [*deployment.ledger.names.folders()], "the first batch")
    process.send_signal(signal.SIGINT)
    told(process)
    assert process.returncode == 130

    with workers([deployment.logs / "w1.log"], deployment.env):
        process = started(deployment)
        *_, result = told(process)
        again = started(deployment)
        *_, once_more = told(again)

    assert (process.returncode, again.returncode, result["equal"]) == (0, 0, 6)
    assert once_more["report"] == result["report"]
    assert deployment.counts()["totals"]["runs"] == 12
