"""What both generations share, and what a run of one is to the other, over HTTP."""

import pytest

from tests.sandbox.driver import RUNS, Api, DataApi, error_of


def test_a_run_of_one_generation_does_not_exist_for_the_other(api: Api, data_api: DataApi) -> None:
    for mine, other in ((api, data_api), (data_api, api)):
        run_id = mine.create().json()["id"]
        assert mine.retrieve(run_id).status_code == 200
        assert other.retrieve(run_id).status_code == 404


def test_a_run_can_be_shown_by_both_each_in_its_words(api: Api, data_api: DataApi) -> None:
    api.control(runs_seen_by_both=True)
    run_id = api.run()["id"]
    assert (seen := data_api.retrieve(run_id).json())["object"] == "v2.data.query_run"
    assert seen["result"]["row_count"] == "1"
    run_id = data_api.run()["id"]
    assert api.retrieve(run_id).json()["object"] == "v2.data.reporting.query_run"
    assert api.retrieve(run_id, key="sk_live_x").status_code == 404


def test_both_generations_deliver_the_same_bytes(api: Api, data_api: DataApi) -> None:
    sql = "SELECT id, amount, created FROM charges ORDER BY id LIMIT 100"
    one, other = api.run(sql), data_api.run(sql)
    assert api.delivered(one) == data_api.delivered(other)
    assert one["result"]["file"]["size"] == other["result"]["file"]["size"]


def test_an_idempotency_key_is_of_one_generation(api: Api, data_api: DataApi) -> None:
    made = {each.create("SELECT 1", Idempotency_Key="k").json()["id"] for each in (api, data_api) for _ in range(2)}
    assert len(made) == 2
    assert api.counts()["idempotency"] == {"keys": 2, "replays": 2, "max_executions_per_key": 1}


def test_a_replay_shows_the_run_as_it_is_now(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1", Idempotency_Key="k")
    replayed = data_api.create("SELECT 1", Idempotency_Key="k").json()
    assert (replayed["id"], replayed["status"]) == (run["id"], "succeeded")
    assert data_api.create("SELECT 2", Idempotency_Key="k").status_code == 409


def test_both_generations_are_counted_under_one_cap(api: Api, data_api: DataApi) -> None:
    api.control(cap=2)
    long = "SELECT 1 -- sandbox: duration=60"
    assert [each.create(long).status_code for each in (api, data_api, api, data_api)] == [200, 200, 429, 429]
    assert api.counts()["scopes"]["acct_sandbox0001:test"]["peak_alive"] == 2


def test_each_generation_can_have_a_cap_of_its_own(api: Api, data_api: DataApi) -> None:
    api.control(cap=1, cap_per_api=True)
    long = "SELECT 1 -- sandbox: duration=60"
    assert [each.create(long).status_code for each in (api, data_api, api, data_api)] == [200, 200, 429, 429]
    assert api.counts()["scopes"].keys() == {"acct_sandbox0001:test:reporting", "acct_sandbox0001:test:data"}


@pytest.mark.parametrize("code", ["query_run_rate_limit_exceeded", "query_run_concurrency_limit_exceeded"])
def test_a_full_cap_has_any_code_in_the_data_dialect(api: Api, data_api: DataApi, code: str) -> None:
    api.control(cap=0, data_cap_code=code)
    refused = data_api.create()
    assert (refused.status_code, error_of(refused)["code"]) == (429, code)
    assert error_of(api.create())["code"] == "query_run_rate_limit_exceeded"
    assert api.counts()["refused_429"] == {"cap": 2}


def test_too_many_requests_have_any_code_in_the_data_dialect(api: Api, data_api: DataApi) -> None:
    api.control(data_rate_code="query_run_rate_limit_exceeded", faults=[{"name": "rate_limited"}])
    for refused in (data_api.create(), data_api.retrieve("x")):
        assert (refused.status_code, error_of(refused)["code"]) == (429, "query_run_rate_limit_exceeded")
    assert error_of(api.create())["code"] == error_of(api.events())["code"] == "account_rate_limit_exceeded"
    assert api.counts()["refused_429"] == {"no Stripe-Rate-Limited-Reason": 4}


@pytest.mark.parametrize("closed", ["data", "reporting"])
def test_an_account_can_lack_one_generation_alone(api: Api, data_api: DataApi, closed: str) -> None:
    api.control(no_api=closed)
    for name, each in {"reporting": api, "data": data_api}.items():
        for answer, otherwise in ((each.create(), 200), (each.retrieve("x"), 404)):
            assert answer.status_code == (403 if name == closed else otherwise)
            if name == closed:
                assert error_of(answer)["code"] == "query_run_api_inaccessible"
    assert api.events().status_code == 200


def test_both_generations_share_the_limits_of_requests(api: Api, data_api: DataApi) -> None:
    api.control(endpoint_rate_per_s=1)
    answers = [each.retrieve("x") for each in (api, data_api)]
    assert [answer.status_code for answer in answers] == [404, 429]


@pytest.mark.parametrize(
    ("fault", "status"),
    [("server_error", 500), ("error_after", 500), ("rate_limited", 429), ("cap_reached", 429), ("forbidden", 403)],
)
def test_answers_of_either_generation_suffer_faults(data_api: DataApi, fault: str, status: int) -> None:
    data_api.fault(fault, operation="create")
    assert data_api.create().status_code == status


def test_files_of_either_generation_suffer_faults(data_api: DataApi) -> None:
    data_api.fault("wrong_size", bytes=3)
    assert data_api.run("SELECT 1 AS one")["result"]["file"]["size"] == "9"


def test_another_run_is_one_of_the_same_generation(api: Api, data_api: DataApi) -> None:
    api.run()
    one, other = data_api.run(), data_api.run()
    api.fault("other_run")
    assert data_api.retrieve(one["id"]).json()["id"] == other["id"]


@pytest.mark.parametrize(
    ("key", "status"), [("rk_test_noaccess_x", 403), ("rk_test_readonly_x", 403), ("sk_test_invalid", 401)]
)
def test_keys_mean_the_same_for_either(data_api: DataApi, key: str, status: int) -> None:
    answer = data_api.create(key=key)
    assert (answer.status_code, bool(error_of(answer)["message"])) == (status, True)


def test_the_list_of_runs_tells_their_generation(api: Api, data_api: DataApi) -> None:
    api.create()
    data_api.create()
    assert [run["api"] for run in api.http.get("/sandbox/runs").json()["data"]] == ["reporting", "data"]


def test_rows_of_either_generation_are_shown_as_csv(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1 AS one", compress=True)
    assert data_api.http.get(f"/sandbox/runs/{run['id']}/csv").text == "one\n1\n"


def test_a_reset_removes_the_files_of_either_generation(data_api: DataApi) -> None:
    run = data_api.run()
    data_api.http.post("/sandbox/reset")
    assert data_api.http.get(run["result"]["file"]["download_url"]["url"]).status_code == 404


@pytest.mark.parametrize(
    ("order", "readonly", "strangers"),
    [("after_permission", 403, 403), ("before_permission", 400, 403), ("before_access", 400, 400)],
)
@pytest.mark.parametrize("path", [RUNS, "/v2/data/query_runs"])
def test_when_a_body_is_looked_at_is_a_setting(api: Api, path: str, order: str, readonly: int, strangers: int) -> None:
    api.control(body_check=order)
    version = {"Stripe-Version": "2026-10-28.preview"} if path != RUNS else {}

    def answered(key: str, **headers: str) -> int:
        return api.http.post(path, json={}, headers={**api.headers(key, **headers), **version}).status_code

    assert answered("rk_test_readonly_x") == readonly
    assert answered("rk_test_x", Stripe_Context="acct_stranger") == strangers
    assert answered("sk_test_invalid_x") == 401


def test_a_text_may_be_as_long_as_it_likes(api: Api, data_api: DataApi) -> None:
    for generation in (api, data_api):
        assert generation.create(f"SELECT 1 -- {'x' * 2_000_000}").status_code == 200


def test_a_text_can_be_too_long(api: Api, data_api: DataApi) -> None:
    api.control(sql_most_bytes=100)
    for generation in (api, data_api):
        refused = generation.create(f"SELECT 1 -- {'x' * 100}")
        assert (refused.status_code, error_of(refused)["code"]) == (400, "invalid_fields")
        assert generation.create("SELECT 1").status_code == 200
