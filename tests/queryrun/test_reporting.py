from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.models import QueryRun
from forebay.queryrun.reporting import ReportingDialect

DIALECT = ReportingDialect()

URL = "https://stripeusercontent.com/files/us-west-2/download/wksp_123/file_123/qryrun_123.csv?signed=yes"

SUCCEEDED: dict[str, Any] = {
    "id": "qryrun_123",
    "object": "v2.data.reporting.query_run",
    "created": "2026-07-03T01:02:29.964Z",
    "sql": "SELECT 1",
    "status": "succeeded",
    "result": {
        "file": {
            "content_type": "csv",
            "download_url": {"expires_at": "2026-07-03T01:10:46.679123456Z", "url": URL},
            "size": "512",
        },
        "type": "file",
    },
    "result_options": {"compress_file": False, "result_type": "file"},
    "livemode": False,
}


def parse(reply: object) -> QueryRun:
    return DIALECT.parse(json.dumps(reply).encode(), request_id="req_1")


def changed(**changes: Any) -> dict[str, Any]:
    return SUCCEEDED | changes


def with_file(**changes: Any) -> dict[str, Any]:
    return changed(result={"file": SUCCEEDED["result"]["file"] | changes})


def test_a_finished_run_is_read_whole() -> None:
    run = parse(SUCCEEDED)

    assert (run.id, run.status, run.livemode, run.request_id) == ("qryrun_123", "succeeded", False, "req_1")
    assert run.created == datetime(2026, 7, 3, 1, 2, 29, 964_000, UTC)
    assert run.result is not None
    assert run.result.content_type == "csv"
    assert run.result.url.get_secret_value() == URL
    # Nine digits came; Python keeps six.
    assert run.result.expires_at == datetime(2026, 7, 3, 1, 10, 46, 679_123, UTC)
    assert run.result.size_bytes == 512
    assert run.failure is None
    assert (run.running, run.succeeded, run.ended) == (False, True, True)


@pytest.mark.parametrize(
    "told",
    [
        {"columns": [{"name": "id", "type": "varchar"}, {"name": "n", "type": "bigint"}]},
        {"schema": {"columns": [{"name": "id", "type": "varchar"}, {"name": "n", "type": "bigint", "more": 1}]}},
        {"schema": [{"name": "id", "type": "varchar"}, {"name": "n", "type": "bigint"}]},
    ],
)
def test_columns_are_read_where_they_are_told(told: dict[str, Any]) -> None:
    result = parse(with_file(**told)).result

    assert result
    assert result.columns == (("id", "varchar"), ("n", "bigint"))


@pytest.mark.parametrize("told", [5, "id", {}, {"columns": 7}, [1], [{"type": "bigint"}], None])
def test_columns_that_cannot_be_read_are_none(told: object) -> None:
    result = parse(with_file(columns=told)).result

    assert result
    assert result.columns == ()


def test_a_fresh_run_holds_its_slot_and_has_no_result() -> None:
    run = parse(changed(status="running", result=None))

    assert run.result is None
    assert run.failure is None
    assert (run.running, run.succeeded, run.ended) == (True, False, False)


@pytest.mark.parametrize(
    ("status", "details", "code", "message"),
    [
        ("failed", {"failed": {"error_code": "internal_error", "error_message": "m"}}, "internal_error", "m"),
        ("failed", {"failed": {"code": "c", "message": "m"}}, "c", "m"),
        (
            "failed",
            {"code": "query_run_invalid_sql", "message": "m", "canceled_at": None},
            "query_run_invalid_sql",
            "m",
        ),
        ("failed", {"failed": {"error_code": None, "error_message": "m"}}, None, "m"),
        ("failed", {"failed": None, "code": "c"}, "c", "Stripe gave no reason for the status failed"),
        (
            "failed",
            {"failed": {"error_code": "of_tomorrow"}},
            "of_tomorrow",
            "Stripe gave no reason for the status failed",
        ),
        ("failed", {}, None, "Stripe gave no reason for the status failed"),
        ("failed", None, None, "Stripe gave no reason for the status failed"),
        ("failed", [], None, "Stripe gave no reason for the status failed"),
        ("canceled", {"canceled_at": "2026-01-01T00:00:00Z"}, None, "Stripe gave no reason for the status canceled"),
    ],
)
def test_a_failure_is_read_from_every_shape_it_has_had(
    status: str, details: object, code: str | None, message: str
) -> None:
    run = parse(changed(status=status, result=None, status_details=details))

    assert run.ended
    assert not run.succeeded
    assert run.failure is not None
    assert (run.failure.code, run.failure.message) == (code, message)


def test_a_failure_without_status_details_is_one_all_the_same() -> None:
    failed = changed(status="failed", result=None)
    assert "status_details" not in failed

    assert parse(failed).failure is not None


def test_an_unknown_status_is_kept_and_holds_its_slot() -> None:
    run = parse(changed(status="of_tomorrow"))

    assert run.status == "of_tomorrow"
    assert not run.ended
    assert not run.running, "which Stripe has to say in so many words"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("512", 512),
        (512, 512),
        ("0", 0),
        (-1, None),
        ("-1", None),
        ("many", None),
        (1.5, None),
        (True, None),
        (None, None),
        ("", None),
        ("9" * 5_000, None),  # more digits than Python converts
    ],
)
def test_a_size_comes_as_text_or_number_or_not_at_all(size: object, expected: int | None) -> None:
    run = parse(with_file(size=size))

    assert run.result is not None
    assert run.result.size_bytes == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-07-03T01:02:29Z", datetime(2026, 7, 3, 1, 2, 29, tzinfo=UTC)),
        ("2026-07-03T01:02:29.1Z", datetime(2026, 7, 3, 1, 2, 29, 100_000, tzinfo=UTC)),
        ("2026-07-03T03:02:29+02:00", datetime(2026, 7, 3, 1, 2, 29, tzinfo=UTC)),
        ("2026-07-03T01:02:29", datetime(2026, 7, 3, 1, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (1_751_504_549, None),
        (None, None),
    ],
)
def test_an_instant_is_utc_or_unknown(written: object, expected: datetime | None) -> None:
    assert parse(changed(created=written)).created == expected


def test_a_url_may_come_bare() -> None:
    run = parse(with_file(download_url=URL))

    assert run.result is not None
    assert run.result.url.get_secret_value() == URL
    assert run.result.expires_at is None


@pytest.mark.parametrize("download_url", [None, {}, {"url": None}, {"url": ""}, "", [], 1])
def test_without_a_url_there_is_no_result_to_fetch(download_url: object) -> None:
    assert parse(with_file(download_url=download_url)).result is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>maintenance</html>",
        b"null",
        b"[]",
        b"{}",
        b'{"status": "running"}',
        b'{"id": "qryrun_1"}',
        b'{"id": 1, "status": "running"}',
        b'{"id": "../../etc", "status": "running"}',
        b'{"id": "", "status": "running"}',
        b'{"id": "qryrun_1\\n", "status": "running"}',
        b'{"id": "qryrun_1", "status": null}',
        b'{"id": "qryrun_1", "status": "runn',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_query_run_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(ProviderError, match="no QueryRun") as raised:
        DIALECT.parse(body, request_id="req_1")

    assert raised.value.request_id == "req_1"


FIELDS = ["id", "status", "created", "livemode", "result", "file", "download_url", "url", "expires_at", "size"]
FIELDS += ["content_type", "status_details", "failed", "error_code", "error_message", "code", "message", "new"]
WORDS = st.sampled_from(["qryrun_1", "running", "failed", "succeeded", "2026-01-01T00:00:00Z", "512"])
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JUNK))
def test_junk_in_any_field_but_id_and_status_never_loses_the_run(junk: dict[str, Any]) -> None:
    run = parse(junk | {"id": "qryrun_1", "status": "failed"})

    assert run.failure is not None
    repr(run).encode()


@given(st.binary(max_size=60) | JUNK.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_query_run_or_the_providers_fault(body: bytes) -> None:
    try:
        run = DIALECT.parse(body, request_id=None)
    except ProviderError:
        return
    assert run.id
    repr(run).encode()


def test_the_signed_url_is_in_no_repr() -> None:
    assert "signed" not in repr(parse(SUCCEEDED))


@pytest.mark.parametrize(
    ("compress", "expected"),
    [
        (False, b'{"sql":"SELECT \'\\u00e9\'\\n"}'),
        (True, b'{"sql":"SELECT \'\\u00e9\'\\n","result_options":{"compress_file":true}}'),
    ],
)
def test_the_request_is_these_bytes_for_ever(compress: bool, expected: bytes) -> None:
    # A change here changes every idempotency key: runs in flight during the upgrade would be run twice.
    assert DIALECT.body(sql="SELECT 'é'\n", compress=compress) == expected


@given(st.text(), st.booleans())
def test_the_sql_arrives_as_it_was_written(sql: str, compress: bool) -> None:
    assert json.loads(DIALECT.body(sql=sql, compress=compress))["sql"] == sql
