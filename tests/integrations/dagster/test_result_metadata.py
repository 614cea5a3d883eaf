"""What several results of a window come to is one number each, and one sha256 that does not depend on their order."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from dagster_forebay import ForebayResource
from dagster_forebay.result_metadata import metadata_of, sha256_of
from dagster_forebay.window_landing import EndedWindow
from forebay_client import LandedResult
from tests.integrations.dagster.test_step_failures import status


def result(account: str, sha256: str, columns: list[str]) -> LandedResult:
    stored = {"url": f"s3://finance/fees/{account}/fees.csv", "format": "csv", "bytes": 10, "sha256": sha256}
    manifest = {"name": "fees", "account": account, "object": stored, "csv": {"records": 2, "columns": columns}}
    return LandedResult.of("fees.1", {"lane": "acme:test", "index": 0, "name": "fees"}, manifest)


ONE, OTHER = result("acct_1", "aa", ["id"]), result("acct_2", "bb", ["id"])


def told(*results: LandedResult, partition: str | None = "2026-10-01") -> dict[str, object]:
    day = datetime(2026, 10, 1, tzinfo=UTC)
    landed = status(state="landed", exit=0, records=4, output="s3://finance", places=["s3://finance/fees"])
    ended = EndedWindow(partition=partition, start=day, end=day.replace(day=2), status=landed, results=results)
    return {name: each.value for name, each in metadata_of(ended, ForebayResource(url="https://f.example")).items()}


def test_of_several_results_the_folder_is_told_and_the_sum_of_bytes() -> None:
    metadata = told(ONE, OTHER)

    assert (metadata["dagster/uri"], metadata["forebay/bytes"], metadata["forebay/results"]) == (
        "s3://finance/fees",
        20,
        2,
    )
    assert (metadata["dagster/partition_row_count"], metadata["forebay/columns"]) == (4, ["id"])


def test_columns_that_differ_are_not_told() -> None:
    assert "forebay/columns" not in told(ONE, result("acct_2", "bb", ["id", "fee"]))


def test_without_a_partition_the_rows_are_those_of_the_asset() -> None:
    metadata = told(ONE, partition=None)

    assert metadata["dagster/row_count"] == 4
    assert metadata["dagster/uri"] == "s3://finance/fees/acct_1/fees.csv"
    assert metadata["forebay/sha256"] == "aa"


def test_a_sha256_of_several_is_of_their_list_in_whatever_order_they_came() -> None:
    wanted = hashlib.sha256(b"aa acct_1/fees\nbb acct_2/fees\n").hexdigest()

    assert sha256_of([ONE, OTHER]) == sha256_of([OTHER, ONE]) == wanted
