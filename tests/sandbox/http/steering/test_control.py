"""The sandbox's own pages."""

import hashlib

import httpx
import pytest

from tests.sandbox.driver import Api, error_of


def test_the_front_page_says_what_this_is(api: Api) -> None:
    assert "Nothing here is Stripe" in api.http.get("/").text


def test_runs_are_listed_a_page_at_a_time(api: Api) -> None:
    made = [api.create(f"SELECT {number}", Idempotency_Key=f"k{number}").json()["id"] for number in range(5)]
    seen, start = [], 0
    while start is not None:
        page = api.http.get("/sandbox/runs", params={"start": start, "limit": 2}).json()
        seen += page["data"]
        start = page["next_start"]
    assert [run["id"] for run in seen] == made
    assert seen[3]["sql_sha256"] == hashlib.sha256(b"SELECT 3").hexdigest()
    assert seen[3]["idempotency_key"] == "k3"


def test_an_ended_run_has_its_times(api: Api) -> None:
    api.run("SELECT 1")
    run = api.http.get("/sandbox/runs").json()["data"][0]
    assert run["created"] < run["ended"]


def test_no_page_repeats_a_key(api: Api) -> None:
    api.create(key="sk_test_very_secret")
    for page in ("/sandbox/counts", "/sandbox/runs", "/sandbox/control", "/"):
        assert "very_secret" not in api.http.get(page).text


def test_a_run_without_a_result_has_no_csv(api: Api) -> None:
    run_id = api.create("SELECT 1 -- sandbox: duration=60").json()["id"]
    assert api.http.get(f"/sandbox/runs/{run_id}/csv").status_code == 409
    assert api.http.get("/sandbox/runs/none/csv").status_code == 404


def test_a_change_keeps_every_other_setting(api: Api) -> None:
    before = api.http.get("/sandbox/control").json()
    assert api.control(cap=7) == {**before, "cap": 7}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"seed": 2}, "restart"),
        ({"cap": -1}, "cap"),
        ({"duration": "soon"}, "fixed:SECONDS"),
        ({"no_such_setting": 1}, "no_such_setting"),
        ({"no_access": "acct_stranger"}, "acct_stranger"),
        ({"data_load_time": "soon"}, "data_load_time"),
        ([], "JSON object"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_whole(api: Api, changes: object, complaint: str) -> None:
    before = api.http.get("/sandbox/control").json()
    answer = api.http.post("/sandbox/control", json=changes)
    assert (answer.status_code, complaint in error_of(answer)["message"]) == (400, True)
    assert api.http.get("/sandbox/control").json() == before


def test_a_reset_forgets_runs_keys_counts_and_changes(api: Api) -> None:
    run = api.run("SELECT 1", Idempotency_Key="k")
    api.create("SELECT 1 -- sandbox: duration=60")
    api.control(cap=1, faults=[{"name": "server_error"}])
    api.http.post("/sandbox/reset")
    assert api.counts()["totals"] == {"runs": 0, "alive": 0, "overshoot_attempts": 0}
    assert api.counts()["requests"] == {}
    assert api.retrieve(run["id"]).status_code == 404
    assert api.create("SELECT 2", Idempotency_Key="k").status_code == 200
    assert httpx.get(run["result"]["file"]["download_url"]["url"]).status_code == 404


def test_statuses_are_counted_by_operation(api: Api) -> None:
    api.create()
    api.create("SELEC")
    api.retrieve("x")
    assert api.counts()["requests"] == {"create": {"200": 1, "400": 1}, "retrieve": {"404": 1}}


def test_a_reset_in_the_middle_of_traffic_disturbs_nothing_that_follows(api: Api) -> None:
    for _ in range(20):
        for number in range(4):
            api.create(f"SELECT count(*) FROM charges WHERE amount > {number}", compress=bool(number % 2))
        assert api.http.post("/sandbox/reset").status_code == 200
    assert api.run("SELECT 1")["status"] == "succeeded"
    assert api.counts()["totals"]["runs"] == 1


def test_the_data_load_time_moves_when_told_and_comes_back_with_a_reset(api: Api) -> None:
    sql = "SELECT data_load_time, date_trunc('month', data_load_time) AS month"
    before = api.csv(sql)
    assert before == "data_load_time,month\n2026-11-01 00:00:00.000,2026-11-01 00:00:00.000\n"
    api.control(data_load_time="2026-10-25T02:30:00+02:00")
    assert api.csv(sql) == "data_load_time,month\n2026-10-25 00:30:00.000,2026-10-01 00:00:00.000\n"
    api.http.post("/sandbox/reset")
    assert api.csv(sql) == before
