"""The object and the body of the data dialect, over HTTP."""

import re
from typing import Any

import pytest

from tests.sandbox.driver import Api, DataApi, error_of

NINE_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


def test_a_new_run_is_running_and_leaves_out_what_there_is_nothing_to_say_of(data_api: DataApi) -> None:
    created = data_api.create("SELECT 1 AS one -- sandbox: duration=30").json()
    assert re.fullmatch(r"qrun_test_[0-9a-f]{24}", created.pop("id"))
    assert NINE_DIGITS.fullmatch(created.pop("created"))
    assert created == {
        "object": "v2.data.query_run",
        "dataset": "analytical",
        "format": "csv",
        "livemode": False,
        "query": {"sql": "SELECT 1 AS one -- sandbox: duration=30"},
        "refreshed_at": "2026-11-01T00:00:00.000Z",
        "result_options": {"compress_file": False},
        "status": "running",
    }


def test_a_succeeded_run_points_at_its_file_and_says_what_is_in_it(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1 AS one")
    assert (run["status"], run.get("status_details")) == ("succeeded", None)
    result, file = run["result"], run["result"]["file"]
    assert (result["row_count"], result["col_count"]) == ("1", "1")
    assert file["columns"] == [{"name": "one", "type": "integer"}]
    assert (file["content_type"], file["size"]) == ("csv", "6")
    assert NINE_DIGITS.fullmatch(file["download_url"]["expires_at"])
    assert data_api.delivered(run) == b"one\n1\n"


def test_times_of_creation_are_as_fine_as_nanoseconds(data_api: DataApi) -> None:
    assert any(not data_api.create().json()["created"].endswith("000Z") for _ in range(5))


def test_a_live_key_makes_live_runs_with_a_shorter_id(data_api: DataApi) -> None:
    created = data_api.create(key="sk_live_x").json()
    assert created["livemode"] is True
    assert re.fullmatch(r"qrun_[0-9a-f]{24}", created["id"])


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("sql", "rows", "columns"),
    [
        ("SELECT id, amount FROM charges WHERE amount < 0", "0", "2"),
        ("SELECT n AS a, n AS a FROM UNNEST(sequence(1, 1234)) AS t (n)", "1234", "2"),
        ("SELECT U&'one\\000Atwo' AS text FROM UNNEST(sequence(1, 3)) AS t (n)", "3", "1"),
    ],
)
def test_rows_are_counted_without_the_header_and_whatever_is_delivered(
    data_api: DataApi, sql: str, rows: str, columns: str, *, compress: bool
) -> None:
    result = data_api.run(sql, compress=compress)["result"]
    assert (result["row_count"], result["col_count"]) == (rows, columns)


def test_a_zip_is_called_csv_all_the_same(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1 AS one", compress=True)
    assert run["result"]["file"]["content_type"] == "csv"
    delivered = data_api.delivered(run)
    assert delivered.startswith(b"PK\x03\x04")
    assert len(delivered) == int(run["result"]["file"]["size"])


def test_two_columns_of_one_name_stay_two(data_api: DataApi) -> None:
    file = data_api.run("SELECT 1 AS a, 'x' AS a")["result"]["file"]
    assert file["columns"] == [{"name": "a", "type": "integer"}, {"name": "a", "type": "varchar"}]


def test_a_run_that_the_engine_fails_says_why_in_a_flat_form(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1 / (amount - amount) FROM charges")
    assert (run["status"], "result" in run) == ("failed", False)
    assert run["status_details"] == {"code": "internal_error", "message": "Division by zero"}


def test_what_there_is_nothing_to_say_of_can_be_null(data_api: DataApi) -> None:
    data_api.control(data_nulls=True, refreshed_at="absent")
    created = data_api.create("SELECT 1 -- sandbox: duration=30").json()
    assert (created["refreshed_at"], created["result"], created["status_details"]) == (None, None, None)
    failed = data_api.run("SELECT 1 -- sandbox: fail=x")["status_details"]
    assert (failed["code"], failed["canceled_at"]) == ("x", None)
    canceled = data_api.run("SELECT 1 -- sandbox: cancel")["status_details"]
    assert (canceled["code"], bool(canceled["canceled_at"])) == (None, True)


def test_wrong_sql_is_refused_at_once_or_fails_its_run(data_api: DataApi) -> None:
    sql = "SELECT no_such_column FROM charges"
    refused = data_api.create(sql)
    assert (refused.status_code, error_of(refused)["code"]) == (400, "query_run_invalid_sql")
    data_api.control(data_invalid_sql="failed")
    run = data_api.run(sql)
    message = error_of(refused)["message"]
    assert (run["status"], run["status_details"]) == ("failed", {"code": "query_run_invalid_sql", "message": message})


def test_wrong_sql_that_fails_its_run_holds_a_slot_for_as_long(api: Api, data_api: DataApi) -> None:
    data_api.control(cap=1, data_invalid_sql="failed")
    assert data_api.create("SELEC -- sandbox: duration=60").json()["status"] == "running"
    assert data_api.create().status_code == 429
    assert api.create("SELEC").status_code == 400


def test_a_query_can_have_itself_canceled(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1 -- sandbox: cancel duration=0.1")
    assert (run["status"], "result" in run) == ("canceled", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", run["status_details"].pop("canceled_at"))
    assert run["status_details"].keys() == {"message"}


def test_a_query_can_choose_a_code_that_nobody_knows(data_api: DataApi) -> None:
    assert data_api.run("SELECT 1 -- sandbox: fail=some_new_code")["status_details"]["code"] == "some_new_code"


def test_when_the_data_were_loaded_is_told_as_the_settings_want_it(data_api: DataApi) -> None:
    for told, shown in {
        "2026-10-30T07:08:09.010Z": "2026-10-30T07:08:09.010Z",
        "absent": None,
        "data_load_time": "2026-10-31T00:00:00.000Z",
    }.items():
        data_api.control(refreshed_at=told, data_load_time="2026-10-31")
        assert data_api.create().json().get("refreshed_at") == shown


def test_a_run_goes_on_to_say_which_data_it_saw_when_there_are_newer(data_api: DataApi) -> None:
    run = data_api.run()
    data_api.control(data_load_time="2026-11-09")
    assert data_api.retrieve(run["id"]).json()["refreshed_at"] == run["refreshed_at"]
    assert data_api.create().json()["refreshed_at"] == "2026-11-09T00:00:00.000Z"


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"dataset": None}, "dataset"),
        ({"dataset": "operational"}, "analytical"),
        ({"format": None}, "format"),
        ({"format": "parquet"}, "csv"),
        ({"query": None}, "query"),
        ({"query": {}}, "query.sql"),
        ({"query": {"sql": ""}}, "query.sql"),
        ({"query": "SELECT 1"}, "query"),
        ({"sql": "SELECT 1"}, "sql"),
        ({"result_options": {"compress_file": "yes"}}, "compress_file"),
        ({"result_options": {"compression": "none"}}, "compression"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(data_api: DataApi, changed: dict[str, Any], complaint: str) -> None:
    body = {name: value for name, value in (data_api.body("SELECT 1") | changed).items() if value is not None}
    answer = data_api.http.post(data_api.runs, json=body, headers=data_api.headers())
    assert (answer.status_code, error_of(answer)["code"]) == (400, "invalid_fields")
    assert complaint in error_of(answer)["message"]


def test_a_retrieve_takes_include_limit_and_page_and_nothing_else(data_api: DataApi) -> None:
    url, headers = f"{data_api.runs}/{data_api.run()['id']}", data_api.headers()
    for name, status in {"include[0]": 200, "limit": 200, "page": 200, "expand": 400}.items():
        answer = data_api.http.get(url, params={name: "1"}, headers=headers)
        assert (answer.status_code, "inline" in answer.text) == (status, False)


def test_each_generation_has_versions_of_its_own(api: Api, data_api: DataApi) -> None:
    answers = [each.create(Stripe_Version="2026-10-28.preview") for each in (api, data_api)]
    assert [answer.status_code for answer in answers] == [400, 200]
    assert data_api.create(Stripe_Version="2026-10-14.preview").status_code == 200
    refused = data_api.create(Stripe_Version="2026-04-22.preview")
    assert (refused.status_code, "2026-10-28.preview" in error_of(refused)["message"]) == (400, True)
