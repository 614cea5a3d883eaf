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


@pytest.mark.parametrize(("key", "word"), [("rk_test_nopreview", "preview"), ("rk_test_nosigma_x", "Sigma")])
def test_some_refusals_say_why_the_feature_is_off(api: Api, key: str, word: str) -> None:
    answer = api.retrieve("any", key=key)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "query_run_api_inaccessible")
    assert word in error_of(answer)["message"]


def test_some_keys_need_a_context_though_they_are_of_one_account(api: Api) -> None:
    refused = api.create(key="rk_test_needscontext_x")
    assert (refused.status_code, error_of(refused)["code"]) == (403, "permission_denied")
    assert api.create(key="rk_test_needscontext_x", Stripe_Context=ACCOUNT).status_code == 200
    assert api.create(key="rk_test_needscontext_x", Stripe_Context=OTHER).status_code == 403


def test_a_key_that_may_do_nothing_is_denied_both(api: Api) -> None:
    for answer in (api.create(key="rk_test_nothing_x"), api.retrieve("any", key="rk_test_nothing_x")):
        assert (answer.status_code, error_of(answer)["code"]) == (403, "permission_denied")


def test_an_organization_sees_all_accounts_with_their_names(api: Api) -> None:
    sql = "SELECT account, count(*) AS n FROM charges GROUP BY account ORDER BY account"
    lines = api.csv(sql, key=ORGANIZATION_KEY).splitlines()
    assert lines[0] == "account,n"
    assert [line.split(",")[0] for line in lines[1:]] == api.http.get("/sandbox/accounts").json()["data"]


def test_that_column_can_have_its_other_name(api: Api) -> None:
    api.control(organization_column="merchant_id")
    sql = "SELECT merchant_id, count(*) AS n FROM charges GROUP BY merchant_id ORDER BY merchant_id"
    lines = api.csv(sql, key=ORGANIZATION_KEY).splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == api.http.get("/sandbox/accounts").json()["data"]
    refused = api.create("SELECT account FROM charges", key=ORGANIZATION_KEY)
    assert error_of(refused)["message"] == "line 1:8: Column 'account' cannot be resolved"
    assert "merchant_id" in api.csv("SELECT * FROM charges WHERE 1 = 0", key=ORGANIZATION_KEY)


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


OTHER = "acct_sandbox0003"


def test_a_key_that_names_an_account_is_that_accounts(api: Api) -> None:
    count = "SELECT count(*) AS n FROM charges"
    theirs = api.csv(count, key=f"rk_test_{OTHER}_books")
    assert theirs == api.csv(count, key=ORGANIZATION_KEY, Stripe_Context=OTHER)
    assert theirs != api.csv(count)
    assert api.http.get("/sandbox/runs").json()["data"][0]["owner"] == OTHER


@pytest.mark.parametrize("key", ["sk_test_acct_sandbox0999_x", "rk_live_acct_stranger", "sk_test_acct_sandbox00031_x"])
def test_a_key_of_an_account_that_does_not_exist_is_no_key(api: Api, key: str) -> None:
    assert api.create(key=key).status_code == 401


@pytest.mark.parametrize("key", [f"sk_test_{OTHER}", f"rk_test_{OTHER}_x", f"sk_live_{OTHER}_x", f"rk_live_{OTHER}_x"])
def test_a_key_of_one_account_may_name_that_one_and_no_other(api: Api, key: str) -> None:
    assert api.create(key=key, Stripe_Context=OTHER).status_code == 200
    answer = api.create(key=key, Stripe_Context=ACCOUNT)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "permission_denied")


def test_runs_of_one_key_are_not_seen_by_the_key_of_another_account(api: Api) -> None:
    run_id = api.create(key=f"rk_test_{OTHER}_a").json()["id"]
    assert api.retrieve(run_id, key=f"rk_test_{OTHER}_b").status_code == 200
    assert api.retrieve(run_id, key="rk_test_acct_sandbox0002_a").status_code == 404


EVERYTHING = [
    "SELECT * FROM charges",
    "SELECT * FROM balance_transactions",
    "SELECT * FROM customers",
    "SELECT card_brand, sum(amount) AS amount, approx_distinct(customer_id) AS buyers FROM charges GROUP BY 1",
    "SELECT c.id, i.number FROM charges AS c JOIN invoices AS i ON i.id = c.invoice_id",
]


@pytest.mark.parametrize("sql", EVERYTHING)
def test_a_context_and_the_accounts_own_key_give_equal_bytes(api: Api, sql: str) -> None:
    for account in api.http.get("/sandbox/accounts").json()["data"]:
        own = api.csv(sql, key=f"rk_test_{account}_x")
        assert own == api.csv(sql, key=ORGANIZATION_KEY, Stripe_Context=account)
        assert own.count("\n") > 1


def test_an_account_without_access_may_do_nothing_whatever_key_asks(api: Api) -> None:
    context = {"key": ORGANIZATION_KEY, "Stripe_Context": OTHER}
    own = {"key": f"rk_test_{OTHER}_x"}
    api.control(no_access=f"acct_sandbox0002, {OTHER}")
    for headers in (context, own):
        for answer in (api.create(**headers), api.retrieve("any", **headers)):
            assert (answer.status_code, error_of(answer)["code"]) == (403, "query_run_api_inaccessible")
    assert api.create().status_code == 200
    api.control(no_access=[])
    assert [api.create(**headers).status_code for headers in (context, own)] == [200, 200]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT account FROM charges ORDER BY 1",
        "SELECT DISTINCT c.account FROM charges AS c JOIN customers ON customers.id = c.customer_id ORDER BY 1",
        "WITH charges AS (SELECT account FROM refunds) SELECT DISTINCT account FROM charges ORDER BY 1",
    ],
)
def test_rows_of_an_account_without_access_are_absent_for_the_organization(api: Api, sql: str) -> None:
    everybody = api.csv(sql, key=ORGANIZATION_KEY)
    api.control(no_access=OTHER)
    some = api.csv(sql, key=ORGANIZATION_KEY)
    assert some == everybody.replace(f"{OTHER}\n", "") != everybody


def test_an_organization_sees_the_same_columns_whoever_lacks_access(api: Api) -> None:
    sql = "SELECT * FROM charges ORDER BY id LIMIT 0"
    before = api.csv(sql, key=ORGANIZATION_KEY)
    api.control(no_access=OTHER)
    assert api.csv(sql, key=ORGANIZATION_KEY) == before
