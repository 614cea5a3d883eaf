"""What each warehouse is given is SQL of its dialect, names exactly the files of manifests, and holds any name."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from forebay.landing.errors import NotLoadable
from forebay.landing.loading.artefact import Artefact
from forebay.landing.loading.table_load import Loadable, table_load
from forebay.landing.loading.warehouses import WAREHOUSES, artefacts
from forebay.store.ledger.batch_policy import Span
from tests.landing.loading.loads import DAY, batch_id, result

#: Where each reads, and what sqlglot calls it.
PLACES = {
    "athena": "s3://bucket/prefix",
    "redshift": "s3://bucket/prefix",
    "snowflake": "@stage/folder",
    "bigquery": "gs://bucket/prefix",
    "databricks": "s3://bucket/prefix",
    "duckdb": "s3://bucket/prefix",
}
HOSTILE = ['a"b', "a`b", "a'b", "a\\", "'; DROP TABLE t; --", "${x}", "{{x}}", "--", "/*", "ü", "select", "a b", "a.b"]


def written(warehouse: str, results: list[Loadable], table: str = "fees") -> list[Artefact]:
    return list(artefacts(WAREHOUSES[warehouse], table_load(table, results), "s3://bucket/load"))


def statements(warehouse: str, results: list[Loadable], table: str = "fees") -> list[exp.Expression]:
    sql = "\n".join(each.text for each in written(warehouse, results, table) if each.name.endswith(".sql"))
    return [tree for tree in sqlglot.parse(sql, dialect=warehouse) if tree]


def csv_of(*names: str) -> bytes:
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    return f"{header}\n{','.join('1' for _ in names)}\n".encode()


@pytest.mark.parametrize("warehouse", PLACES)
@pytest.mark.parametrize("container", ["csv", "csv.gz", "parquet"])
def test_what_is_written_is_sql_of_its_dialect(warehouse: str, container: str) -> None:
    types = ("bigint", "decimal(38,2)") if container == "parquet" else ()
    results = [
        result(container=container, day=day, account=account, place=PLACES[warehouse], types=types)
        for day in (0, 1)
        for account in ("acct_1", None)
    ]
    trees = statements(warehouse, results, "finance.fees")
    assert not [tree for tree in trees if isinstance(tree, exp.Command)], "nothing that sqlglot only passes on"
    (created,) = [tree for tree in trees if isinstance(tree, exp.Create) and "__load" not in tree.sql()][:1]
    names = [column.name for column in created.find_all(exp.ColumnDef)]
    assert names[:2] == ["id", "amount"]
    assert "_account" in names
    if container == "parquet":
        kinds = [str(column.kind.sql(dialect=warehouse)) for column in created.find_all(exp.ColumnDef) if column.kind]
        assert re.fullmatch(r"(BIG)?(DECIMAL|NUMERIC|NUMBER)\(38, 2\)", kinds[1]), "money is no float"


@pytest.mark.parametrize("warehouse", PLACES)
def test_exactly_the_files_of_the_manifests_are_named(warehouse: str) -> None:
    results = [
        result(day=day, account=account, place=PLACES[warehouse]) for day in (0, 1) for account in ("acct_1", "acct_2")
    ]
    everything = "\n".join(each.text for each in written(warehouse, results))
    found = re.findall(r"fees\.2026[\w.-]*/acct_\d/fees\.csv\.gz", everything)
    assert sorted(found) == sorted(each.manifest.object.key for each in results)


@pytest.mark.parametrize("warehouse", PLACES)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_its_place(warehouse: str, name: str) -> None:
    """Whatever a column or an account is called, the same statements are there as with a harmless name."""
    place = PLACES[warehouse]
    harmless = statements(warehouse, [result(csv_of("id", "x"), place=place, account="y")])
    hostile = statements(warehouse, [result(csv_of("id", name), place=place, account=name)])
    assert [type(tree) for tree in hostile] == [type(tree) for tree in harmless]
    columns = [column.name for tree in hostile for column in tree.find_all(exp.ColumnDef)]
    assert name in columns
    literals = {each.this for tree in hostile for each in tree.find_all(exp.Literal) if each.is_string}
    assert name in literals


@given(st.text(max_size=8), st.text(max_size=8))
def test_duckdb_keeps_any_name_in_its_place_or_refuses_it(column: str, account: str) -> None:
    harmless = [type(tree) for tree in statements("duckdb", [result(csv_of("id", "x"))])]
    loadable = result(b"id,x\n1,2\n", account=account)
    csv = loadable.manifest.csv.model_copy(update={"columns": ("id", column)})
    manifest = loadable.manifest.model_copy(update={"csv": csv, "account": account})
    try:
        trees = statements("duckdb", [Loadable(manifest=manifest, window=loadable.window, url=loadable.url)])
    except NotLoadable:
        return
    assert [type(tree) for tree in trees] == harmless


def test_a_list_of_redshift_names_files_that_may_not_lack_and_its_copy_names_the_list() -> None:
    listed, sql = written("redshift", [result()])
    entries = json.loads(listed.text)["entries"]
    assert [(each["url"], each["mandatory"]) for each in entries] == [
        (f"s3://bucket/prefix/{batch_id(0)}/acct_1/fees.csv.gz", True)
    ]
    assert f"FROM 's3://bucket/load/{listed.name}'" in sql.text
    assert "TRUNCATE" not in sql.text, "it would end the transaction"


def test_a_job_of_bigquery_has_an_id_made_of_what_it_loads() -> None:
    first, again, other = (
        written("bigquery", [result(csv, place="gs://b")])[0] for csv in (b"id\n1\n", b"id\n1\n", b"id\n2\n")
    )
    jobs = [json.loads(each.text) for each in (first, again, other)]
    assert jobs[0] == jobs[1], "the same job, which BigQuery does not run again"
    assert jobs[0]["jobReference"]["jobId"] != jobs[2]["jobReference"]["jobId"], "another content"
    assert [job["configuration"]["load"]["sourceFormat"] for job in jobs] == ["CSV"] * 3


def test_a_copy_of_snowflake_names_at_most_a_thousand_files_and_loads_them_again() -> None:
    results = [result(place="@s", batch=f"b{number:04}", day=None) for number in range(3)]
    many = [
        Loadable(manifest=results[0].manifest, window=None, url=f"@s/{results[0].manifest.object.key}")
        for _ in range(2_001)
    ]
    (artefact,) = written("snowflake", many)
    assert artefact.text.count("COPY INTO") == 3
    assert artefact.text.count("FORCE = TRUE") == 3, "rows of the window were deleted, so what was loaded is gone"


def test_a_partition_of_athena_is_a_list_of_files_under_a_name_that_a_repeat_has_too() -> None:
    first = [each for each in written("athena", [result()]) if each.name.endswith("files.txt")]
    again = written("athena", [result(batch=batch_id(0, again=2))])
    (repeated,) = [each for each in again if each.name.endswith("files.txt")]
    assert first[0].name == repeated.name
    assert first[0].text != repeated.text


@pytest.mark.parametrize(
    ("warehouse", "container"),
    [*((each, "csv.zip") for each in PLACES), ("bigquery", "csv.zst"), ("databricks", "csv.zst")],
)
def test_what_a_warehouse_cannot_read_is_refused_with_the_way_out(warehouse: str, container: str) -> None:
    with pytest.raises(NotLoadable, match=rf"^{warehouse} reads no {container}, .*--format csv\.gz"):
        written(warehouse, [result(container=container, place=PLACES[warehouse])])


@pytest.mark.parametrize("warehouse", [each for each in PLACES if each != "duckdb"])
def test_where_a_warehouse_cannot_read_is_refused_with_the_way_out(warehouse: str) -> None:
    with pytest.raises(NotLoadable, match=r"does not read file:///out/: .*--at"):
        written(warehouse, [result(place="file:///out")])


@pytest.mark.parametrize("csv", [b"id,id\n1,2\n", b"id,ID\n1,2\n", b"id,\n1,2\n", b"_batch\n1\n", b"", b'"a\nb"\n1\n'])
def test_columns_that_no_table_takes_are_refused(csv: bytes) -> None:
    with pytest.raises(NotLoadable):
        written("duckdb", [result(csv)])


def test_columns_that_changed_are_not_loaded_into_one_table() -> None:
    with pytest.raises(NotLoadable, match="load the two apart"):
        written("duckdb", [result(b"id\n1\n"), result(b"id,amount\n1,2\n", day=1)])


def test_windows_that_overlap_are_not_loaded_into_one_table() -> None:
    """As after the period of an extract was changed: a row would be there once for each of them."""
    day, week = result(), result(day=1, batch="fees.week")
    window = Span(start=DAY, end=DAY + timedelta(days=7))
    with pytest.raises(NotLoadable, match=rf"{batch_id(0)} and fees\.week overlap"):
        table_load("fees", [day, replace(week, window=window)])


@pytest.mark.parametrize("warehouse", [each for each in PLACES if each != "duckdb"])
@pytest.mark.parametrize("letter", "*?[{")
def test_a_place_that_would_be_taken_for_a_pattern_is_refused(warehouse: str, letter: str) -> None:
    with pytest.raises(NotLoadable, match="pattern"):
        written(warehouse, [result(place=f"{PLACES[warehouse]}/a{letter}b")])
