"""The cap on runs alive, in each scope it may be counted in."""

from tests.sandbox.driver import ACCOUNT, LIVE_KEY, ORGANIZATION_KEY, Api, DataApi, error_of, eventually

LASTING = "SELECT 1 -- sandbox: duration=60"


def test_a_full_cap_answers_429_with_the_documented_code_and_no_type(api: Api) -> None:
    api.control(cap=2)
    assert [api.create(LASTING).status_code for _ in range(2)] == [200, 200]
    refused = api.create(LASTING)
    assert refused.status_code == 429
    assert error_of(refused).keys() == {"code", "message"}
    assert error_of(refused)["code"] == "query_run_rate_limit_exceeded"
    assert refused.headers["Stripe-Rate-Limited-Reason"] == "resource-specific"


def test_the_reason_header_of_the_cap_can_be_left_out(api: Api) -> None:
    api.control(cap=0, cap_reason_header=False)
    assert "Stripe-Rate-Limited-Reason" not in api.create().headers


def test_an_ended_run_frees_its_slot(api: Api) -> None:
    api.control(cap=1)
    api.run("SELECT 1")
    assert api.create(LASTING).status_code == 200


def test_a_run_is_alive_until_its_duration_has_passed(api: Api) -> None:
    api.control(cap=1, duration="fixed:0.3")
    first = api.create().json()
    assert api.create().status_code == 429
    api.ended(first["id"])
    assert api.create().status_code == 200


def test_the_cap_is_100_in_test_mode_and_500_in_live_mode_by_default(api: Api) -> None:
    assert [api.create(LASTING).status_code for _ in range(101)] == [200] * 100 + [429]
    assert api.create(LASTING, key=LIVE_KEY).status_code == 200
    tallies = api.counts()["scopes"]
    assert tallies[f"{ACCOUNT}:test"]["peak_alive"] == 100
    assert tallies[f"{ACCOUNT}:test"]["overshoot_attempts"] == 1


def test_slots_held_by_others_count_until_they_are_given_back(api: Api) -> None:
    api.control(cap=3, outside_slots=2)
    assert [api.create(LASTING).status_code for _ in range(2)] == [200, 429]
    api.control(outside_slots=0)
    assert api.create(LASTING).status_code == 200


def test_each_account_has_its_own_cap(api: Api) -> None:
    api.control(cap=1)
    assert api.create(LASTING).status_code == 200
    assert api.create(LASTING, key=ORGANIZATION_KEY, Stripe_Context="acct_sandbox0002").status_code == 200
    # The same account by another key is the same account.
    assert api.create(LASTING, key=ORGANIZATION_KEY, Stripe_Context=ACCOUNT).status_code == 429


def test_an_organization_can_have_one_cap_for_everything(api: Api) -> None:
    api.control(cap=1, cap_scope="organization")
    assert api.create(LASTING).status_code == 200
    assert api.create(LASTING, key=ORGANIZATION_KEY).status_code == 429
    assert api.create(LASTING, key=LIVE_KEY).status_code == 200


def test_each_key_can_have_its_own_cap(api: Api) -> None:
    api.control(cap=1, cap_scope="key")
    assert [api.create(LASTING, key=f"sk_test_{name}").status_code for name in "aab"] == [200, 429, 200]


def test_the_counts_follow_a_run_to_its_end(api: Api) -> None:
    api.run("SELECT 1")
    api.run("SELECT 1 -- sandbox: fail=internal_error")
    api.create(LASTING)
    expected = {"alive": 1, "peak_alive": 1, "created": 3, "succeeded": 1, "failed": 1, "canceled": 0}
    eventually(lambda: api.counts()["scopes"][f"{ACCOUNT}:test"] == {**expected, "overshoot_attempts": 0})


def test_a_canceled_run_gives_its_slot_back(data_api: DataApi) -> None:
    data_api.control(cap=1)
    data_api.run("SELECT 1 -- sandbox: cancel")
    assert data_api.create(LASTING).status_code == 200
    tally = data_api.counts()["scopes"][f"{ACCOUNT}:test"]
    assert (tally["canceled"], tally["failed"], tally["alive"]) == (1, 0, 1)
