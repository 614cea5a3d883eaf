"""`forebay load-sql` writes what loads a batch or an extract, and refuses what would not load, in a sentence."""

from pathlib import Path

import duckdb
import pytest
import redis

from forebay.cli.commands.results import load_sql
from forebay.landing.loading.warehouses import WAREHOUSES
from forebay.landing.result_paths import in_quarantine, place_stem
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay
from tests.cli.definitions import batch_of, close, ledger
from tests.landing.verifying.trees import CSV, land


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay, folder: Path) -> str:
    """Three queries of which two have landed, one of these in quarantine."""
    batch_id = batch_of(forebay("submit", *queries))
    store, record = LocalStore(folder / "out"), ledger(folder).batch(batch_id)
    first, second, _ = ledger(folder).items(batch_id, record.flows[0].lane)
    land(store, place_stem(record, first), "csv.gz", name=first.name)
    land(store, in_quarantine(record, place_stem(record, second)), "csv.gz", name=second.name)
    return batch_id


def test_what_is_printed_loads_what_landed_as_often_as_one_likes(batch: str, forebay: Forebay) -> None:
    said = forebay("load-sql", batch, "--for", "duckdb")
    assert said.code == 0, said.err
    with duckdb.connect() as warehouse:
        for _ in range(2):
            warehouse.execute(said.out)
        assert warehouse.execute("SELECT id, _batch FROM charges ORDER BY id").fetchall() == [
            ("1", batch),
            ("2", batch),
        ]
    assert "fees" not in said.out, "what waits in quarantine does not count yet"


def test_files_go_where_they_are_wanted(batch: str, forebay: Forebay, folder: Path) -> None:
    said = forebay(
        "load-sql", batch, "--for", "bigquery", "--at", "gs://bucket/tree", "--to", "load", "--table", "d.charges"
    )
    assert said.code == 0, said.err
    assert said.out == "load/d.charges.bigquery.sql\n"
    assert "2 files in load" in said.err
    (job,) = (folder / "load" / "bigquery").iterdir()
    assert f"gs://bucket/tree/{batch}/charges.csv.gz" in job.read_text()
    assert '"datasetId": "d"' in job.read_text()


def test_scripts_get_each_text(batch: str, forebay: Forebay) -> None:
    said = forebay("load-sql", batch, "--for", "snowflake", "--at", "@db.stage", "--json")
    (artefact, result) = said.events
    assert artefact["name"] == "charges.snowflake.sql"
    assert "FROM @db.stage/)" in artefact["text"]
    assert result["artefacts"] == 1


def test_each_warehouse_that_can_be_written_for_can_be_named() -> None:
    assert (*WAREHOUSES,) == load_sql._NAMES


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--for", "redshift"), "say where to write them, --to s3://"),
        (("--for", "redshift", "--to", "load"), "redshift reads its lists of files from S3"),
        (("--for", "snowflake"), "with --at @STAGE"),
        (("--for", "snowflake", "--at", "@s'; DROP"), "is no stage"),
        (("--for", "oracle"), "'oracle' is no warehouse that is known"),
        (("--for", "snowflak"), "did you mean 'snowflake'"),
    ],
)
def test_what_would_not_load_is_refused_before_anything_is_written(
    batch: str, forebay: Forebay, folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    said = forebay("load-sql", batch, *arguments)
    assert said.code == 2
    assert sentence in " ".join(said.err.replace("│", " ").split())
    assert not (folder / "load").exists()


def test_where_nothing_has_landed_there_is_nothing_to_load(
    deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    said = forebay("load-sql", batch_of(forebay("submit", *queries)), "--for", "duckdb")
    assert said.code == 2
    assert "there is nothing to load" in said.err


def test_a_zip_is_refused_with_the_way_out(batch: str, forebay: Forebay, folder: Path) -> None:
    land(LocalStore(folder / "out"), f"{batch}/charges", "csv.zip", CSV)
    said = forebay("load-sql", batch, "--for", "duckdb")
    assert said.code == 2
    assert "duckdb reads no csv.zip" in said.err
    assert "--format csv.gz" in said.err


def test_a_window_that_ran_again_is_loaded_as_it_is_whoever_landed_what_of_it(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    """A repeat that landed one account of two: the other has what it had."""
    text = (spec / "forebay.yaml").read_text()
    text = text.replace("  daily:", "  daily:\n    accounts: shops\n    fan_out: per_account")
    (spec / "forebay.yaml").write_text(text)
    window = ("daily", "--window", "2026-10-01")
    first = batch_of(forebay("submit", *window))
    store, record = LocalStore(spec / "results"), ledger(spec).batch(first)
    for item in ledger(spec).items(first, "acme:test"):
        land(store, place_stem(record, item), csv=b"id\n1\n", name=item.name, account=item.account, batch=first)
    close(spec, first)
    second = batch_of(forebay("submit", *window, "--again"))
    item = next(iter(ledger(spec).items(second, "acme:test")))
    stem = place_stem(ledger(spec).batch(second), item)
    land(store, stem, csv=b"id\n2\n3\n", name=item.name, account=item.account, batch=second)

    said = forebay("load-sql", "daily", "--for", "duckdb")

    assert said.code == 0, said.err
    with duckdb.connect() as warehouse:
        for _ in range(2):
            warehouse.execute(said.out)
        rows = warehouse.execute("SELECT _account, id, _batch FROM daily ORDER BY ALL").fetchall()
    assert rows == [("acct_1", "2", second), ("acct_1", "3", second), ("acct_2", "1", first), ("acct_3", "1", first)]
