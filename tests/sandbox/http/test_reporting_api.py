"""The object and the two operations of the reporting dialect, over HTTP."""

import re
from typing import Any

import pytest

from tests.sandbox.driver import ORGANIZATION_KEY, RUNS, Api, error_of, url_of


def test_a_new_run_is_running_and_has_no_result(api: Api) -> None:
    created = api.create("SELECT 1 AS one -- sandbox: duration=30").json()
    assert re.fullmatch(r"qryrun_test_[0-9a-f]{24}", created.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created.pop("created"))
    assert created == {
        "object": "v2.data.reporting.query_run",
        "livemode": False,
        "result": None,
        "result_options": {"compress_file": False},
        "sql": "SELECT 1 AS one -- sandbox: duration=30",
        "status": "running",
        "status_details": {},
    }


def test_a_succeeded_run_points_at_its_file(api: Api) -> None:
    run = api.run("SELECT 1 AS one")
    file = run["result"]["file"]
    assert (run["status"], run["status_details"], run["result"]["type"]) == ("succeeded", {}, "file")
    assert (file["content_type"], file["size"]) == ("csv", "6")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", file["download_url"]["expires_at"])
    assert api.delivered(run) == b"one\n1\n"


def test_a_live_key_makes_live_runs_with_a_shorter_id(api: Api) -> None:
    created = api.create(key="sk_live_x").json()
    assert created["livemode"] is True
    assert re.fullmatch(r"qryrun_[0-9a-f]{24}", created["id"])


def test_a_run_that_the_engine_fails_says_why_under_the_name_of_its_status(api: Api) -> None:
    run = api.run("SELECT 1 / (amount - amount) FROM charges")
    assert (run["status"], run["result"]) == ("failed", None)
    assert run["status_details"] == {"failed": {"error_code": "internal_error", "error_message": "Division by zero"}}


def test_a_query_can_choose_its_own_failure_and_duration(api: Api) -> None:
    run = api.run("SELECT 1 -- sandbox: fail=some_new_code duration=0")
    assert run["status_details"]["failed"]["error_code"] == "some_new_code"


def test_a_canceled_query_fails_with_a_code_of_its_own(api: Api) -> None:
    run = api.run("SELECT 1 -- sandbox: cancel")
    assert (run["status"], run["status_details"]["failed"]["error_code"]) == ("failed", "query_run_canceled")
    api.control(canceled_error_code="stopped")
    assert api.run("SELECT 1 -- sandbox: cancel")["status_details"]["failed"]["error_code"] == "stopped"


def test_a_canceled_query_can_be_called_so(api: Api) -> None:
    api.control(reporting_canceled="canceled")
    run = api.run("SELECT 1 -- sandbox: cancel")
    assert (run["status"], run["status_details"], run["result"]) == ("canceled", {}, None)


def test_a_misspelt_directive_is_refused(api: Api) -> None:
    answer = api.create("SELECT 1 -- sandbox: durations=3")
    assert answer.status_code == 400
    assert "duration=SECONDS" in error_of(answer)["message"]


def test_each_retrieve_makes_a_new_url(api: Api) -> None:
    run = api.run()
    assert url_of(api.retrieve(run["id"]).json()) != url_of(run)


def test_an_unknown_run_is_not_found(api: Api) -> None:
    answer = api.retrieve("qryrun_test_nowhere")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "headers",
    [{"key": "sk_live_x"}, {"key": ORGANIZATION_KEY}, {"key": ORGANIZATION_KEY, "Stripe_Context": "acct_sandbox0002"}],
)
def test_a_run_of_another_account_or_mode_is_not_found(api: Api, headers: dict[str, str]) -> None:
    run_id = api.create().json()["id"]
    assert api.retrieve(run_id, **headers).status_code == 404


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{}", "sql"),
        (b'{"sql": ""}', "sql"),
        (b'{"sql": 7}', "sql"),
        (b'{"sql": "SELECT 1", "name": "x"}', "name"),
        (b'{"sql": "SELECT 1", "result_options": {"compress_file": "yes"}}', "compress_file"),
        (b"sql=SELECT+1", "JSON"),
        (b"[]", "body"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(api: Api, body: bytes, complaint: str) -> None:
    headers = api.headers(Content_Type="application/json")
    answer = api.http.post(RUNS, content=body, headers=headers)
    assert answer.status_code == 400
    assert complaint in error_of(answer)["message"]


def test_a_form_body_is_refused(api: Api) -> None:
    answer = api.http.post(RUNS, data={"sql": "SELECT 1"}, headers=api.headers())
    assert answer.status_code == 400
    assert "application/json" in error_of(answer)["message"]


def test_include_is_accepted_and_other_parameters_are_not(api: Api) -> None:
    run_id = api.create().json()["id"]
    url, headers = f"{RUNS}/{run_id}", api.headers()
    assert api.http.get(url, params={"include[0]": "result.file.schema"}, headers=headers).status_code == 200
    assert api.http.get(url, params={"expand": "result"}, headers=headers).status_code == 400


@pytest.mark.parametrize("version", [None, "2020-08-27", "2026-04-22"])
def test_a_version_that_is_missing_or_unknown_is_refused(api: Api, version: str | None) -> None:
    headers = api.headers()
    del headers["Stripe-Version"]
    if version:
        headers["Stripe-Version"] = version
    answer = api.http.post(RUNS, json={"sql": "SELECT 1"}, headers=headers)
    assert answer.status_code == 400
    assert "2026-04-22.preview" in error_of(answer)["message"]


def test_every_answer_carries_a_request_id(api: Api) -> None:
    answers = [api.create(), api.create("SELEC"), api.retrieve("x"), api.http.get("/v2/nothing")]
    ids = [answer.headers["Request-Id"] for answer in answers]
    assert all(request_id.startswith("req_v2") for request_id in ids)
    assert len(set(ids)) == len(ids)


def test_a_run_that_outlives_the_limit_fails(api: Api) -> None:
    api.control(run_limit_s=0.05)
    run = api.run("SELECT 1 -- sandbox: duration=60")
    assert run["status"] == "failed"
    assert "execution limit" in run["status_details"]["failed"]["error_message"]


def test_the_codes_of_the_limit_and_of_the_engine_are_settings(api: Api) -> None:
    api.control(run_limit_s=0.05, timeout_error_code="query_run_timed_out", engine_error_code="query_run_engine_error")
    ended = [api.run("SELECT 1 -- sandbox: duration=60")]
    api.control(run_limit_s=60)
    ended.append(api.run("SELECT 1 / (amount - amount) FROM charges"))
    codes = [run["status_details"]["failed"]["error_code"] for run in ended]
    assert codes == ["query_run_timed_out", "query_run_engine_error"]


def test_a_query_that_outlives_the_limit_is_stopped(api: Api) -> None:
    api.control(run_limit_s=0.3)
    run = api.run("SELECT count_if((a.amount + b.amount * c.amount) % 7 = 1) FROM charges a, charges b, charges c")
    assert run["status"] == "failed"
    # The executing thread is free again: the next query gets it.
    assert api.run("SELECT 1")["status"] == "succeeded"


@pytest.mark.parametrize("options", [{}, {"compress": True}])
def test_a_result_above_the_limit_fails_with_the_documented_code(api: Api, options: dict[str, Any]) -> None:
    api.control(result_limit_bytes=20_000)
    run = api.run("SELECT * FROM charges", **options)
    assert run["status_details"]["failed"]["error_code"] == "file_size_above_limit"
    assert "exceeds the" in run["status_details"]["failed"]["error_message"]


def test_the_size_limit_counts_what_is_delivered_so_compressing_helps(api: Api) -> None:
    api.control(result_limit_bytes=300_000)
    sql = "SELECT id, currency, status, card_brand, statement_descriptor, outcome_network_status FROM charges"
    assert api.run(sql)["status"] == "failed"
    assert api.run(sql.replace("id, ", ""), compress=True)["status"] == "succeeded"


def test_a_file_that_grows_over_the_limit_stops_its_query(api: Api) -> None:
    api.control(result_limit_bytes=1_000_000)
    run = api.run("SELECT c.* FROM charges c CROSS JOIN UNNEST(sequence(1, 10000)) AS t (n)")
    assert run["status_details"]["failed"]["error_code"] == "file_size_above_limit"
