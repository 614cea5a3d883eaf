"""Keys, contexts and permissions."""

import pytest

from tests.sandbox.driver import ACCOUNT, ORGANIZATION_KEY, RUNS, Api, error_of


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer sk_test_invalid_x", "Bearer pk_test_x", "Basic abc"])
def test_a_bad_key_gets_the_v1_shaped_body_without_a_code(api: Api, authorization: str) -> None:
    headers = {"Authorization": authorization, "Stripe-Version": "2026-04-22.preview"}
    answer = api.http.post(RUNS, json={"sql": "SELECT 1"}, headers=headers)
    assert answer.status_code == 401
    assert error_of(answer)["type"] == "invalid_request_error"
    assert "code" not in error_of(answer)


def test_the_401_does_not_repeat_the_key(api: Api) -> None:
    key = "sk_test_invalid_with_a_secret_middle"
    assert key not in api.create(key=key).text


def test_a_read_only_key_retrieves_and_does_not_create(api: Api) -> None:
    run_id = api.create().json()["id"]
    refused = api.create(key="rk_test_readonly_x")
    assert (refused.status_code, error_of(refused)["code"]) == (403, "permission_denied")
    assert "Stripe-Context" in error_of(refused)["message"]
    assert api.retrieve(run_id, key="rk_test_readonly_x").status_code == 200


def test_a_key_without_the_feature_may_do_nothing(api: Api) -> None:
    for answer in (api.create(key="rk_test_noaccess_x"), api.retrieve("any", key="rk_test_noaccess_x")):
        assert (answer.status_code, error_of(answer)["code"]) == (403, "query_run_api_inaccessible")
        assert "type" not in error_of(answer)


def test_an_organization_sees_all_accounts_with_their_names(api: Api) -> None:
    sql = "SELECT account, count(*) AS n FROM charges GROUP BY account ORDER BY account"
    lines = api.csv(sql, key=ORGANIZATION_KEY).splitlines()
    assert lines[0] == "account,n"
    assert [line.split(",")[0] for line in lines[1:]] == api.http.get("/sandbox/accounts").json()["data"]


def test_a_context_narrows_an_organization_to_one_account(api: Api) -> None:
    whole = api.csv("SELECT account, count(*) FROM charges GROUP BY 1 ORDER BY 1", key=ORGANIZATION_KEY)
    for line in whole.splitlines()[1:]:
        account, count = line.split(",")
        one = api.csv("SELECT count(*) AS n FROM charges", key=ORGANIZATION_KEY, Stripe_Context=account)
        assert one == f"n\n{count}\n"


def test_one_account_has_no_account_column(api: Api) -> None:
    answer = api.create("SELECT account FROM charges", key=ORGANIZATION_KEY, Stripe_Context=ACCOUNT)
    assert error_of(answer)["message"] == "line 1:8: Column 'account' cannot be resolved"


@pytest.mark.parametrize("key", ["sk_test_x", ORGANIZATION_KEY])
def test_a_context_that_is_not_the_callers_is_refused(api: Api, key: str) -> None:
    answer = api.create(key=key, Stripe_Context="acct_stranger")
    assert (answer.status_code, error_of(answer)["code"]) == (403, "permission_denied")


def test_a_plain_key_may_name_its_own_account(api: Api) -> None:
    assert api.create(Stripe_Context=ACCOUNT).status_code == 200
