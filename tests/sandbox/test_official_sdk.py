"""Stripe's own client against the sandbox, so that its shapes are held to types that were not written here."""

import typing
from typing import Any

import pytest
import stripe
from stripe._stripe_object import UntypedStripeObject
from stripe.events import V2DataReportingQueryRunSucceededEvent
from stripe.v2.data.reporting import QueryRun

from tests.sandbox.driver import ACCOUNT, ORGANIZATION_KEY, Api, eventually


def _client(url: str, key: str = "sk_test_sdk", **options: Any) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, **options)


@pytest.fixture
def sdk(api: Api) -> Any:
    return _client(api.url).v2.data.reporting.query_runs


def _ended(sdk: Any, run_id: str) -> QueryRun:
    def look() -> QueryRun | None:
        run: QueryRun = sdk.retrieve(run_id)
        return run if run.status != "running" else None

    found: QueryRun = eventually(look)
    return found


def test_create_and_retrieve_give_the_sdks_own_type(sdk: Any) -> None:
    created = sdk.create({"sql": "SELECT 1 AS one", "result_options": {"compress_file": True}})
    assert type(created) is QueryRun
    assert (created.status, created.result) == ("running", None)
    ended = _ended(sdk, created.id)
    assert ended.status == "succeeded"
    assert ended.result.file.content_type == "zip"
    assert type(ended.result.file.size) is int  # the SDK turns the int64 string into a number


def _declared(kind: Any) -> dict[str, Any]:
    return {
        name: hint for name, hint in typing.get_type_hints(kind).items()
        if not name.startswith("_") and typing.get_origin(hint) is not typing.ClassVar and name != "OBJECT_NAME"
    }  # fmt: skip


def _matches(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return any(_matches(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is UntypedStripeObject:
        return isinstance(value, stripe.StripeObject)
    if hint is type(None):
        return value is None
    return isinstance(value, origin or hint)


def _assert_complete(thing: Any, kind: Any, path: str) -> None:
    declared = _declared(kind)
    assert declared.keys() <= set(thing.to_dict()), path
    for name, hint in declared.items():
        value = getattr(thing, name)
        assert _matches(value, hint), f"{path}.{name}: {value!r} is no {hint}"
        # status_details is a map by status; its test stands below.
        if isinstance(value, stripe.StripeObject) and name != "status_details":
            _assert_complete(value, kind._inner_class_types[name], f"{path}.{name}")


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT 1 / (amount - amount) FROM charges"])
def test_every_field_that_the_sdk_declares_is_there_with_its_type(sdk: Any, sql: str) -> None:
    run = _ended(sdk, sdk.create({"sql": sql}).id)
    _assert_complete(run, QueryRun, "query_run")


def test_a_failed_runs_details_stand_under_the_name_of_its_status(sdk: Any) -> None:
    run = _ended(sdk, sdk.create({"sql": "SELECT 1 / (amount - amount) FROM charges"}).id)
    details = run.status_details["failed"]
    assert _declared(QueryRun.StatusDetails).keys() == details.to_dict().keys()
    assert details["error_message"] == "Division by zero"


def test_the_sdk_maps_a_full_cap_to_its_rate_limit_error(api: Api, sdk: Any) -> None:
    api.control(cap=0)
    with pytest.raises(stripe.RateLimitError) as caught:
        sdk.create({"sql": "SELECT 1"})
    assert caught.value.http_status == 429
    assert caught.value.json_body["error"]["code"] == "query_run_rate_limit_exceeded"
    assert caught.value.headers["Stripe-Rate-Limited-Reason"] == "resource-specific"
    assert caught.value.request_id.startswith("req_v2")


def test_the_sdk_maps_a_request_limit_to_its_rate_limit_error(api: Api, sdk: Any) -> None:
    api.fault("rate_limited", reason="endpoint-rate")
    with pytest.raises(stripe.RateLimitError) as caught:
        sdk.retrieve("qryrun_x")
    assert caught.value.code == "account_rate_limit_exceeded"


def test_the_sdk_maps_bad_sql_to_an_invalid_request(sdk: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.create({"sql": "SELECT nosuch FROM charges"})
    assert (caught.value.code, caught.value.http_status) == ("query_run_invalid_sql", 400)


def test_the_sdk_maps_an_unknown_run_to_an_invalid_request(sdk: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.retrieve("qryrun_x")
    assert (caught.value.code, caught.value.http_status) == ("not_found", 404)


@pytest.mark.parametrize("key", ["rk_test_noaccess_sdk", "rk_test_readonly_sdk"])
def test_the_sdk_maps_a_missing_right_to_a_permission_error(api: Api, key: str) -> None:
    with pytest.raises(stripe.PermissionError) as caught:
        _client(api.url, key).v2.data.reporting.query_runs.create({"sql": "SELECT 1"})
    assert caught.value.http_status == 403


def test_the_sdk_maps_a_bad_key_to_an_authentication_error(api: Api) -> None:
    with pytest.raises(stripe.AuthenticationError):
        _client(api.url, "sk_test_invalid_sdk").v2.data.reporting.query_runs.create({"sql": "SELECT 1"})


def test_the_sdk_maps_a_reused_key_to_an_idempotency_error(sdk: Any) -> None:
    first = sdk.create({"sql": "SELECT 1"}, {"idempotency_key": "k"})
    assert sdk.create({"sql": "SELECT 1"}, {"idempotency_key": "k"}).id == first.id
    with pytest.raises(stripe.IdempotencyError) as caught:
        sdk.create({"sql": "SELECT 2"}, {"idempotency_key": "k"})
    assert caught.value.http_status == 409


def test_the_sdk_repeats_a_server_error_with_the_key_it_made_up(api: Api) -> None:
    api.fault("error_after", operation="create", times=1)
    client = _client(api.url, max_network_retries=2)
    client.v2.data.reporting.query_runs.create({"sql": "SELECT 1"})
    counts = api.counts()
    assert counts["requests"]["create"] == {"500": 1, "200": 1}
    assert counts["idempotency"] == {"keys": 1, "replays": 1, "max_executions_per_key": 1}


def test_the_sdks_context_narrows_an_organization_key(api: Api) -> None:
    client = _client(api.url, ORGANIZATION_KEY, stripe_context=ACCOUNT)
    with pytest.raises(stripe.InvalidRequestError):
        client.v2.data.reporting.query_runs.create({"sql": "SELECT account FROM charges"})


def test_the_sdk_lists_events_over_all_pages_by_its_own_filters(api: Api) -> None:
    run = api.run("SELECT 1", Idempotency_Key="k")
    api.make_event("v2.core.account.updated", count=3)
    api.run("SELECT 2")
    kinds = [f"v2.data.reporting.query_run.{word}" for word in ("created", "succeeded", "failed", "updated")]
    since = api.retrieve(run["id"]).json()["created"]
    page = _client(api.url).v2.core.events.list({"types": kinds, "created": {"gte": since}, "limit": 1})
    events = list(page.auto_paging_iter())
    assert [event.type.rpartition(".")[2] for event in events] == ["succeeded", "created"] * 2
    assert events[-1].reason.request.idempotency_key == "k"
    assert events[-1].related_object.id == run["id"]


def test_the_sdk_fetches_an_event_and_its_run(api: Api) -> None:
    run = api.run("SELECT 1")
    client = _client(api.url)
    (event,) = client.v2.core.events.list({"types": ["v2.data.reporting.query_run.succeeded"]}).data
    fetched = client.v2.core.events.retrieve(event.id)
    assert isinstance(fetched, V2DataReportingQueryRunSucceededEvent)
    assert fetched.changes["after"]["status"] == "succeeded"
    assert fetched.fetch_related_object().id == run["id"]


def test_the_sdk_maps_a_list_that_the_key_may_not_see_to_a_permission_error(api: Api) -> None:
    with pytest.raises(stripe.PermissionError):
        _client(api.url, "rk_test_noevents_sdk").v2.core.events.list()
