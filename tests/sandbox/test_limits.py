"""Each limiter of requests, by the header that tells it from the others."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from forebay.sandbox.errors import ApiError
from forebay.sandbox.faults import Operation
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.limits import Limiters
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.sandbox.driver import LIVE_KEY, Api, DataApi, error_of

CALLER = Caller(key_id="k", owner="acct_a", livemode=False, may_create=True)
OTHER = Caller(key_id="k", owner="acct_b", livemode=False, may_create=True)


def _admitted(limiters: Limiters, settings: SandboxSettings, *, times: int, caller: Caller = CALLER) -> list[str]:
    seen = []
    for _ in range(times):
        try:
            with limiters.admit(caller, Operation.CREATE, settings):
                seen.append("in")
        except ApiError as error:
            seen.append(error.reason or "")
    return seen


def test_an_operation_has_25_requests_a_second_and_gets_them_back_with_time() -> None:
    now_s = 0.0
    limiters, settings = Limiters(clock=lambda: now_s), SandboxSettings(global_rate_test_per_s=0)
    assert _admitted(limiters, settings, times=26) == ["in"] * 25 + ["endpoint-rate"]
    assert _admitted(limiters, settings, times=1, caller=OTHER) == ["in"]
    now_s = 0.2
    assert _admitted(limiters, settings, times=6) == ["in"] * 5 + ["endpoint-rate"]


def test_the_global_rate_differs_by_mode() -> None:
    limiters = Limiters(clock=lambda: 0.0)
    settings = SandboxSettings(endpoint_rate_per_s=0)
    live = Caller(key_id="k", owner="acct_a", livemode=True, may_create=True)
    assert _admitted(limiters, settings, times=26)[-1] == "global-rate"
    assert _admitted(limiters, settings, times=101, caller=live) == ["in"] * 100 + ["global-rate"]


@pytest.mark.parametrize(("setting", "reason"), [
    ("endpoint_concurrency", "endpoint-concurrency"), ("global_concurrency", "global-concurrency"),
])  # fmt: skip
def test_requests_in_flight_are_limited_and_leave_room_when_they_end(setting: str, reason: str) -> None:
    limiters, settings = Limiters(), SandboxSettings(**{setting: 1})
    with limiters.admit(CALLER, Operation.CREATE, settings):
        assert _admitted(limiters, settings, times=1) == [reason]
        assert _admitted(limiters, settings, times=1, caller=OTHER) == ["in"]
    assert _admitted(limiters, settings, times=1) == ["in"]


@pytest.mark.parametrize(("setting", "reason"), [
    ("endpoint_rate_per_s", "endpoint-rate"), ("global_rate_test_per_s", "global-rate"),
])  # fmt: skip
def test_a_rate_limit_answers_429_with_its_reason_and_type(api: Api, setting: str, reason: str) -> None:
    api.control(**{setting: 2})
    answers = [api.retrieve("x") for _ in range(5)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["Stripe-Rate-Limited-Reason"] == reason
    assert (error_of(refused)["code"], error_of(refused)["type"]) == ("account_rate_limit_exceeded", "rate_limit")
    assert api.counts()["refused_429"][reason] >= 1


def test_all_ids_of_one_operation_share_its_rate_and_operations_do_not_share(api: Api) -> None:
    api.control(endpoint_rate_per_s=1)
    assert [api.retrieve(name).status_code for name in ("a", "b")] == [404, 429]
    assert api.create().status_code == 200


@pytest.mark.parametrize("apart", [False, True])
def test_generations_share_the_rate_of_an_operation_or_have_it_apart(
    api: Api, data_api: DataApi, *, apart: bool
) -> None:
    api.control(endpoint_rate_per_s=1, global_rate_test_per_s=0, rate_per_api=apart)
    assert [api.retrieve("x").status_code, data_api.retrieve("x").status_code] == [404, 404 if apart else 429]
    assert api.retrieve("x").status_code == 429


def test_live_and_test_mode_do_not_share_a_limit(api: Api) -> None:
    api.control(global_rate_test_per_s=1, global_rate_live_per_s=1)
    assert [api.retrieve("x", key=key).status_code for key in ("sk_test_x", LIVE_KEY)] == [404, 404]


def test_a_concurrency_limit_answers_429_over_http(api: Api) -> None:
    api.control(endpoint_concurrency=1)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: api.create(f"SELECT {number}"), range(40)))
    reasons = {answer.headers.get("Stripe-Rate-Limited-Reason") for answer in answers if answer.status_code == 429}
    assert reasons == {"endpoint-concurrency"}


def test_the_busiest_second_is_counted(api: Api) -> None:
    for _ in range(5):
        api.retrieve("x")
    assert api.counts()["peak_requests_per_s"]["retrieve"] >= 2
