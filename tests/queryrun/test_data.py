"""What the successor of the reporting API sends and takes, by the types of stripe-python 16.1.0a4."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from forebay.queryrun.data import DataDialect
from forebay.queryrun.errors import ProviderError
from forebay.queryrun.models import QueryRun, sql_sha256

DIALECT = DataDialect()

URL = "https://stripeusercontent.com/files/us-west-2/download/qrun_1.csv?signed=yes"
COLUMNS = [{"name": "id", "type": "varchar"}, {"name": "amount", "type": "decimal"}]

SUCCEEDED: dict[str, Any] = {
    "id": "qrun_1",
    "object": "v2.data.query_run",
    "created": "2026-11-01T21:02:00.919623613Z",
    "dataset": "analytical",
    "format": "csv",
    "livemode": True,
    "query": {"sql": "SELECT id, amount FROM charges"},
    "refreshed_at": "2026-11-01T19:00:00.000000001Z",
    "result": {
        "col_count": "2",
        "row_count": "3",
        "file": {
            "columns": COLUMNS,
            "content_type": "csv",
            "download_url": {"expires_at": "2026-11-01T21:07:00.919623613Z", "url": URL},
            "size": "512",
        },
    },
    "result_options": {"compress_file": True},
    "status": "succeeded",
}


def parse(**changes: Any) -> QueryRun:
    return DIALECT.parse(json.dumps(SUCCEEDED | changes).encode(), request_id="req_1")


def with_result(**changes: Any) -> QueryRun:
    return parse(result=SUCCEEDED["result"] | changes)


def test_a_create_names_the_one_dataset_and_the_one_format_there_is() -> None:
    assert json.loads(DIALECT.body(sql="SELECT 1", compress=True)) == {
        "dataset": "analytical",
        "format": "csv",
        "query": {"sql": "SELECT 1"},
        "result_options": {"compress_file": True},
    }
    assert "result_options" not in json.loads(DIALECT.body(sql="SELECT 1", compress=False))


def test_a_finished_run_is_read_whole() -> None:
    run = parse()

    assert (run.id, run.status, run.livemode, run.request_id) == ("qrun_1", "succeeded", True, "req_1")
    # Nine digits came; Python keeps six.
    assert run.created == datetime(2026, 11, 1, 21, 2, 0, 919_623, UTC)
    assert run.refreshed_at == datetime(2026, 11, 1, 19, tzinfo=UTC)
    assert run.sql_sha256 == sql_sha256("SELECT id, amount FROM charges")
    assert run.result is not None
    assert run.result.url.get_secret_value() == URL
    assert (run.result.content_type, run.result.size_bytes, run.result.rows) == ("csv", 512, 3)
    assert run.result.columns == (("id", "varchar"), ("amount", "decimal"))
    assert (run.succeeded, run.ended, run.canceled, run.failure) == (True, True, False, None)


@pytest.mark.parametrize(("told", "rows"), [("0", 0), (7, 7), (None, None), ("", None), ("-1", None), (True, None)])
def test_the_count_of_rows_is_an_int64_as_text_or_is_not_there(told: object, rows: int | None) -> None:
    result = with_result(row_count=told).result

    assert result and result.rows == rows


def test_a_column_type_of_tomorrow_is_kept_in_stripes_word() -> None:
    file = SUCCEEDED["result"]["file"] | {"columns": [{"name": "p", "type": "point"}]}
    result = with_result(file=file).result

    assert result and result.columns == (("p", "point"),)


def test_a_canceled_run_has_ended_without_a_result() -> None:
    details = {"canceled_at": "2026-11-01T21:03:00Z", "code": None, "message": None}
    run = parse(status="canceled", result=None, status_details=details)

    assert (run.canceled, run.ended, run.succeeded) == (True, True, False)
    assert run.failure and (run.failure.code, run.failure.message) == (
        None,
        "Stripe gave no reason for the status canceled",
    )


@pytest.mark.parametrize("code", ["file_size_above_limit", "internal_error", "query_run_invalid_sql", "of_tomorrow"])
def test_a_failure_is_told_flat(code: str) -> None:
    run = parse(status="failed", result=None, status_details={"code": code, "message": "m", "canceled_at": None})

    assert run.failure and (run.failure.code, run.failure.message) == (code, "m")


def test_an_unknown_status_holds_its_slot() -> None:
    run = parse(status="queued", result=None)
    assert not (run.ended or run.running)


def test_a_result_in_the_answer_itself_is_no_file() -> None:
    """It is there only where it was asked for, which nobody here does."""
    assert parse(result={"inline": {"columns": COLUMNS, "rows": []}, "row_count": "0"}).result is None


@pytest.mark.parametrize("changes", [{"id": None}, {"id": "../x"}, {"status": 3}])
def test_what_names_no_run_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="no QueryRun"):
        parse(**changes)
