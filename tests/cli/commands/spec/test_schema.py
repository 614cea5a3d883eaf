"""`forebay schema`: what it fetches, who knows of it then, and what it says where it is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest

from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[str]:
    with running(SandboxSettings(port=0, duration="fixed:0", accounts=3, made_up_tables=300)) as url:
        yield url


@pytest.fixture
def sandbox(running_sandbox: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sandbox that is asked by a key that may only read."""
    httpx.post(f"{running_sandbox}/sandbox/reset").raise_for_status()
    monkeypatch.setenv("FOREBAY_API_BASE", running_sandbox)
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_readonly_x")
    (folder / "q.sql").write_text("SELECT nothing FROM charges")
    return running_sandbox


def control(sandbox: str, **changes: Any) -> None:
    httpx.post(f"{sandbox}/sandbox/control", json=changes).raise_for_status()


def requests(sandbox: str) -> Any:
    return httpx.get(f"{sandbox}/sandbox/counts").json()["requests"]


def test_one_request_brings_all_tables_and_validate_knows_them(sandbox: str, forebay: Forebay) -> None:
    before = forebay("validate", "q.sql")
    fetched = forebay("schema")
    after = forebay("validate", "q.sql")

    assert (before.code, after.code) == (0, 2)
    assert "there is no column 'nothing'" in after.out
    assert "names were checked against the schema: default's of today" in after.err
    tables = int(fetched.out.split()[0])
    assert (tables > 350, fetched.err) == (True, "")
    assert fetched.out.startswith(f"{tables} tables with ") and ", refreshed 2026-11-01 00:00 UTC; " in fetched.out
    assert requests(sandbox) == {"list_schemas": {"200": 1}}


def test_types_are_known_then_and_run_refuses_by_them(sandbox: str, folder: Path, forebay: Forebay) -> None:
    (folder / "q.sql").write_text("SELECT id FROM charges WHERE paid = 1")
    forebay("schema")

    said = forebay("run", "q.sql")

    assert said.code == 2
    assert "paid is boolean and 1 is integer" in said.err


def test_it_is_listed_and_shown(sandbox: str, forebay: Forebay) -> None:
    never = forebay("schema", "ls")
    (fetched,) = forebay("schema", "--json").events
    listed = forebay("schema", "ls", "--json").events
    shown = forebay("schema", "show", "charges")
    column, *_, told = forebay("schema", "show", "CHARGES", "--json").events

    assert (never.code, "the tables of connection default were never fetched" in never.err) == (2, True)
    assert fetched["tables"] == len(listed) - 1 > 350
    assert fetched["refreshed_at"] == "2026-11-01T00:00:00+00:00"
    assert (listed[-1]["event"], listed[-1]["tables"]) == ("result", fetched["tables"])
    lines = shown.out.splitlines()
    assert lines[0].split() == ["id", "varchar", "key", "The", "id", "of", "the", "row."]
    assert any(line.startswith("customer_id ") and "→ customers.id" in line for line in lines)
    assert shown.err == "One row for each of the charges (generated data).\n"
    assert (column["column"], column["type"], column["is_key"]) == ("id", "varchar", True)
    assert (told["table"], told["columns"]) == ("charges", len(lines))
    assert "did you mean 'charges'?" in forebay("schema", "show", "charge").err


def test_it_is_known_to_everybody_who_works_on_the_ledger(
    sandbox: str, folder: Path, s3_endpoint: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = f"tests-{uuid4()}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "FOREBAY_S3_ENDPOINT": s3_endpoint,
        "FOREBAY_LEDGER": f"s3://{bucket}/ledger",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=s3_endpoint).create_bucket(Bucket=bucket)
    assert forebay("schema").code == 0

    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    (folder / "elsewhere" / "q.sql").write_text("SELECT nothing FROM charges")
    said = forebay("validate", "q.sql")

    assert (said.code, "there is no column 'nothing'" in said.out) == (2, True)
    assert not (folder / ".forebay").exists()


def test_a_schema_of_another_server_is_not_believed(
    sandbox: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    forebay("schema")
    monkeypatch.setenv("FOREBAY_API_BASE", NOWHERE)

    assert forebay("validate", "q.sql").code == 0


def test_a_ledger_that_cannot_be_read_is_told_and_the_rest_is_judged(
    sandbox: str, folder: Path, forebay: Forebay
) -> None:
    forebay("schema")
    (folder / ".forebay/ledger/schemas/default/tables.json").write_text("{")

    said = forebay("validate", "q.sql")

    assert (said.code, said.out) == (0, "1 query: nothing to complain of\n")
    assert "names of tables and columns were not checked" in said.err
    assert "`forebay schema` fetches them" in said.err
    assert forebay("schema").code == 0
    assert forebay("validate", "q.sql").code == 2


def test_a_ledger_that_is_not_there_is_told_without_a_way_out_that_is_none(
    sandbox: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("FOREBAY_S3_ENDPOINT", NOWHERE)
    monkeypatch.setenv("FOREBAY_LEDGER", "s3://nobody/ledger")

    said = forebay("validate", "q.sql")

    assert (said.code, said.out) == (0, "1 query: nothing to complain of\n")
    assert "names of tables and columns were not checked: bucket 'nobody'" in said.err
    assert "`forebay schema`" not in said.err


REFUSALS = [
    ("sk_test_invalid_x", {}, 4, "Invalid API Key provided", "Stripe does not know this key"),
    ("rk_test_noschemas_x", {}, 4, "denies it the list of tables", "needs data_queries_read"),
    ("rk_test_needscontext_x", {}, 4, "denies it the list of tables", "forebay schema --account acct_…"),
    ("rk_test_x", {"schemas": "forbidden"}, 4, "denies it the list of tables", "needs data_queries_read"),
    ("rk_test_x", {"schemas": "disabled"}, 4, "in preview, which this account has not joined", "ask Stripe for"),
    ("rk_test_nosigma_x", {}, 4, "requires an active Stripe Sigma subscription", "activate Stripe Sigma"),
    ("rk_test_x", {"schemas": "missing"}, 2, "has no list of tables (/v2/data/schemas)", "check api_base"),
    ("rk_test_x", {"accepted_data_versions": ["2030-01-01.preview"]}, 2, "Stripe-Version", "api_version"),
    ("rk_test_x", {"faults": [{"name": "rate_limited"}]}, 10, "throttling this key", "ask again in a minute"),
    ("rk_test_x", {"faults": [{"name": "server_error"}]}, 10, "An error occurred on our side", "ask again"),
    ("rk_test_x", {"faults": [{"name": "drop_request"}]}, 10, "no answer from Stripe", "check the network"),
    ("rk_test_x", {"faults": [{"name": "html"}]}, 10, "no list of tables", "ask again"),
    ("rk_test_x", {"faults": [{"name": "page_empty"}]}, 10, "list of tables is empty", "ask again"),
    ("rk_test_x", {"faults": [{"name": "page_elsewhere"}]}, 10, "goes on elsewhere", "ask again"),
    ("rk_test_x", {"faults": [{"name": "page_endless"}]}, 10, "has no end", "ask again"),
]


@pytest.mark.parametrize(("key", "changes", "code", "sentence", "way_out"), REFUSALS)
def test_who_is_refused_reads_why_and_the_way_out_and_nothing_is_written(
    sandbox: str,
    folder: Path,
    forebay: Forebay,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    changes: dict[str, Any],
    code: int,
    sentence: str,
    way_out: str,
) -> None:
    control(sandbox, **changes)
    monkeypatch.setenv("STRIPE_API_KEY", key)
    before = files(folder)

    said = forebay("schema")
    error = json.loads(forebay("schema", "--json").out)["error"]

    assert (said.code, said.out) == (code, "")
    problem, way = said.err.splitlines()
    assert sentence in problem
    assert way.startswith("  → ") and way_out in way
    assert sentence in error["message"] and way_out in error["next"]
    assert key not in said.err
    assert files(folder) == before


def test_what_was_told_before_stays_where_nothing_whole_comes(sandbox: str, forebay: Forebay) -> None:
    forebay("schema")
    listed = forebay("schema", "ls").out
    control(sandbox, made_up_tables=2500, faults=[{"name": "server_error", "nth": 3}])

    assert forebay("schema").code == 10
    assert forebay("schema", "ls").out == listed


def test_nobody_there_is_said(sandbox: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_API_BASE", NOWHERE)

    said = forebay("schema")

    assert said.code == 10
    assert "no answer from Stripe" in said.err and f"check the network, and api_base ({NOWHERE})" in said.err


def test_an_account_is_asked_for_where_the_key_needs_one(
    sandbox: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_needscontext_x")

    assert forebay("schema").code == 4
    assert forebay("schema", "--account", "acct_sandbox0001").code == 0
    assert "an account is written acct_…" in forebay("schema", "--account", "x").err


def test_a_connection_with_a_key_for_each_account_asks_for_one_of_them(
    sandbox: str, folder: Path, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = f"{{mode: test, key: 'secret://env/KEY_{{account}}', api_base: '{sandbox}'}}"
    (folder / "forebay.yaml").write_text(
        f"version: 1\nconnections: {{each: {connection}}}\naccounts: {{all: {{list: [acct_sandbox0002]}}}}\n"
        "batches: {some: {sql: SELECT 1 AS one, accounts: all}}\n"
    )
    monkeypatch.setenv("KEY_acct_sandbox0002", "rk_test_acct_sandbox0002_x")

    assert forebay("schema").code == 0


def test_a_type_that_is_not_known_is_told_and_refuses_nothing(
    folder: Path, stripe: EndlessStripe, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = [{"name": "id", "type": "varchar"}, {"name": "shape", "type": "hyperlog"}, {"name": "untold"}]
    page = {"data": [{"name": "charges", "columns": columns}], "next_page_url": None}
    monkeypatch.setattr(stripe, "schemas", (200, page))
    (folder / "q.sql").write_text("SELECT id FROM charges WHERE shape = 1 AND untold > current_date")

    fetched = forebay("schema")
    said = forebay("validate", "--strict", "q.sql")

    assert fetched.out == "1 table with 3 columns; `forebay validate` checks names and types against them\n"
    assert fetched.err == "types that are not known here, by which nothing is checked: hyperlog, none\n"
    assert (said.code, said.out) == (0, "1 query: nothing to complain of\n")
