"""Results are stored as an option, the spec or a setting asks."""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from pyarrow import parquet as pq

from forebay.landing.formats.containers import CONTAINERS
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, finish, start

SQL = "SELECT id, amount FROM charges ORDER BY id LIMIT 200"
TYPED = 'format: parquet\n    columns: {amount: "decimal(38,2)"}'
SPEC = """
version: 1
connections:
  default: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}"}}
defaults: {{format: csv}}
batches:
  plain: {{sql: "{sql}"}}
  checked:
    sql: "{sql}"
    format: zip
    checks: {{tie_out: "SELECT count(*) AS records, sum(amount) AS amount FROM ({sql}) AS landed"}}
"""


def test_what_is_no_format_is_refused_where_it_stands(folder: Path, forebay: Forebay) -> None:
    (folder / "forebay.yaml").write_text(SPEC.format(url="http://127.0.0.1:1", sql="SELECT 1").replace("zip", "zpi"))

    for command in (["validate"], ["plan", "checked"], ["run", "checked"]):
        said = forebay(*command)
        assert said.code == 2
        wanted = "should be 'auto', 'csv', 'zip', 'csv.gz', 'csv.zst' or 'parquet', did you mean 'zip'?"
        assert f"batches.checked.format: {wanted}" in said.out + said.err
        assert re.search(r"forebay.yaml(:|, line )10", said.out + said.err)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("zpi", ", did you mean 'zip'?"), ("orc", " (known here: auto, csv, zip, csv.gz, csv.zst, parquet)")],
)
@pytest.mark.parametrize("command", ["run", "submit"])
def test_an_option_that_is_no_format_is_refused_before_anything_is_read(
    folder: Path, forebay: Forebay, command: str, name: str, hint: str
) -> None:
    said = forebay(command, "no-such.sql", "--format", name, "--json")

    assert said.code == 2
    assert said.events[0]["error"]["message"].endswith(f"'{name}' is no format{hint}")


def test_the_option_goes_before_the_spec_and_the_spec_before_the_setting(
    folder: Path, stripe: Any, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*arguments: str) -> str:
        said = forebay("submit", *arguments)
        assert said.code == 0, said.err
        return Ledger(LocalStore(folder / ".forebay" / "ledger")).batch(said.out.split()[0]).result_format

    (folder / "q.sql").write_text("SELECT 1")
    assert asked("q.sql") == "auto"
    monkeypatch.setenv("FOREBAY_FORMAT", "zip")
    assert asked("q.sql") == "zip"
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, sql="SELECT id FROM charges"))
    assert asked("q.sql") == "csv"
    assert [asked("plain"), asked("checked"), asked("checked", "--format", "auto")] == ["csv", "zip", "auto"]


def test_plan_says_the_format_that_is_not_the_usual_one(folder: Path, forebay: Forebay) -> None:
    (folder / "forebay.yaml").write_text(SPEC.format(url="http://127.0.0.1:1", sql="SELECT id FROM charges"))

    assert "all of it as zip" in forebay("plan", "checked").out
    assert [event.get("format") for event in forebay("plan", "--json").events] == ["csv", "zip", None]


def test_plan_says_the_types_and_those_that_the_spec_could_say(folder: Path, forebay: Forebay) -> None:
    columns = 'columns: {id: text, fee: "decimal(38,2)"}'
    sql = "SELECT id, fee, amount, amount / 100.0 AS major, created FROM charges"
    text = SPEC.format(url="http://127.0.0.1:1", sql=sql).replace("format: zip", f"format: parquet\n    {columns}")
    (folder / "forebay.yaml").write_text(text)
    said = forebay("plan", "checked").out
    assert "types     id text, fee decimal(38,2), others as Stripe tells, or else text" in said
    assert "for `columns` of the spec" not in said

    kinds = {"id": "varchar", "fee": "bigint", "amount": "bigint", "created": "timestamp(3)"}
    charges = Table(name="charges", columns=tuple(Column(name=name, type=kind) for name, kind in kinds.items()))
    seen = Catalog(api_base="http://127.0.0.1:1", fetched_at=datetime.now(UTC), tables=(charges,))
    Catalogs(LocalStore(folder / ".forebay" / "ledger")).keep("default", seen)

    wanted = "the schema makes these sure, for `columns` of the spec: {amount: bigint, created: timestamp}"
    assert wanted in re.sub(r"\s+", " ", forebay("plan", "checked").out)


@pytest.mark.system
@pytest.mark.timeout(180)
def test_what_was_asked_for_is_what_lands_and_nothing_else(
    folder: Path, stripe_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "charges.sql").write_text(SQL)
    (folder / "balance.sql").write_text("SELECT id FROM balance_transactions WHERE id = 'none'")
    sql = ["charges.sql", "balance.sql"]

    zips = landed(folder, "a", *sql, "--format", "zip")
    # Of a size at which `auto` keeps the zip.
    monkeypatch.setenv("FOREBAY_LARGE_CSV_BYTES", "1")
    csvs = landed(folder, "b", *sql, "--format", "csv")
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe_url, sql=SQL))
    checked = landed(folder, "c", "checked")
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe_url, sql=SQL).replace("format: zip", TYPED))
    typed = landed(folder, "parquet", "checked")
    others = {form: landed(folder, form, "charges.sql", "--format", form) for form in ("csv.gz", "csv.zst")}

    assert sorted(zips) == sorted(csvs) == ["balance", "charges"]
    assert len(checked) == 2, "the result, and what ties it out"
    assert {said["object"]["format"] for said in zips.values()} == {"csv.zip"}
    assert {said["object"]["format"] for said in csvs.values()} == {"csv"}
    assert {said["object"]["format"] for said in checked.values()} == {"csv.zip"}, "also by way of quarantine"
    for form, said in others.items():
        assert said["charges"]["object"]["format"] == form
        assert said["charges"]["csv"] == zips["charges"]["csv"]
    assert [said["object"]["format"] for said in typed.values()] == ["parquet", "parquet"]
    (read,) = (pq.read_table(path) for path in (folder / "parquet").rglob("checked.parquet"))
    assert [str(kind) for kind in read.schema.types] == ["string", "decimal128(38, 2)"]
    assert read.num_rows == 200, "its tie-out was read back, too"
    assert zips["charges"]["csv"]["sha256"] == csvs["charges"]["csv"]["sha256"] == csvs["charges"]["object"]["sha256"]
    assert (zips["charges"]["csv"]["records"], zips["balance"]["csv"]["records"]) == (200, 0)
    counts = httpx.get(f"{stripe_url}/sandbox/counts").json()
    assert counts["totals"]["runs"] == len(zips) + len(csvs) + len(checked) + len(typed) + len(others)


def landed(folder: Path, to: str, *arguments: str) -> dict[str, Any]:
    """Runs it; the manifests by their queries, after a look at each object: all are there, and no other file is."""
    said = finish(start("run", *arguments, "--to", to, "--json"))
    assert said.code == 0, said
    store = LocalStore(folder / to)
    keys = [key for key in store.list() if not key.endswith("_batch.json")]
    manifests = [json.loads(store.get(key)) for key in keys if key.endswith(".manifest.json")]
    objects = [each["object"]["key"] for each in manifests]
    assert sorted(keys) == sorted(
        [*objects, *(re.sub(r"\.(csv.*|parquet)$", ".manifest.json", key) for key in objects)]
    )
    for each in manifests:
        container = CONTAINERS[each["object"]["format"]]
        assert each["object"]["key"].endswith(f".{container.suffix}")
        if container.csv_in is None:
            continue
        csv = b"".join(container.csv_in(store.open(each["object"]["key"]), each["csv"]["bytes"]))
        assert hashlib.sha256(csv).hexdigest() == each["csv"]["sha256"]
    return {each["name"]: each for each in manifests}
