"""Both generations of the sandbox's API, held to the types and errors of stripe==16.1.0a4."""

from typing import Any

import pytest

from tests.clients.a4 import A4, Refused, Shown
from tests.clients.generations import DATA, GENERATIONS, Generation
from tests.clients.judging import faults
from tests.sandbox.driver import ACCOUNT, ORGANIZATION_KEY, Api

DIVIDES_BY_ZERO = "SELECT 1 / (amount - amount) FROM charges"

pytestmark = pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)


def undeclared(generation: Generation, a4: A4, run: Shown) -> list[str]:
    """What the client's types say against a run."""
    absent = generation.absent.get(run.fields["status"], generation.absent["failed"])
    return list(faults(run.fields, a4.described(generation.type), absent=absent))


def refusal(generation: Generation, a4: A4, api: Api, *arguments: Any, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        generation.create(a4, api, *arguments, **more)
    return caught.value


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("sql", ["SELECT 1", DIVIDES_BY_ZERO])
def test_every_field_that_the_client_declares_is_there_with_its_type(
    generation: Generation, a4: A4, api: Api, sql: str, compress: bool
) -> None:
    run = generation.ended(a4, api, sql, compress=compress)

    assert run.kind == generation.type
    assert run.fields["status"] == ("succeeded" if sql == "SELECT 1" else "failed")
    assert run.fields["result_options"] == {"compress_file": compress}
    assert undeclared(generation, a4, run) == []


def test_a_run_that_was_just_created_has_them_too(generation: Generation, a4: A4, api: Api) -> None:
    run = generation.create(a4, api, "SELECT 1 -- sandbox: duration=60")

    assert (run.kind, run.fields["status"], run.fields.get("result")) == (generation.type, "running", None)
    assert undeclared(generation, a4, run) == []


def test_a_run_of_which_nothing_is_left_out_has_every_field_that_the_client_declares(
    generation: Generation, a4: A4, api: Api
) -> None:
    api.control(data_nulls=True)
    # Each is of one generation, and shown only where `include` asks for it.
    never = frozenset({"result.file.schema", "result.inline"})

    for sql in ("SELECT 1", DIVIDES_BY_ZERO, "SELECT 1 -- sandbox: cancel"):
        run = generation.ended(a4, api, sql)
        assert list(faults(run.fields, a4.described(generation.type), absent=never)) == [], sql


@pytest.mark.parametrize("shown_as_canceled", [False, True])
def test_a_canceled_run_has_ended_for_the_client_too(
    generation: Generation, a4: A4, api: Api, shown_as_canceled: bool
) -> None:
    api.control(reporting_canceled="canceled" if shown_as_canceled else "failed")

    run = generation.ended(a4, api, "SELECT 1 -- sandbox: cancel")

    if generation is DATA:
        assert (run.fields["status"], type(run.fields["status_details"]["canceled_at"])) == ("canceled", str)
        assert undeclared(generation, a4, run) == []
    elif shown_as_canceled:
        # This generation's types list no such status, which is why it is a question.
        assert undeclared(generation, a4, run) == ["status is 'canceled', which is not listed"]
    else:
        assert (run.fields["status"], undeclared(generation, a4, run)) == ("failed", [])


def test_the_size_is_a_number_to_the_client(generation: Generation, a4: A4, api: Api) -> None:
    file = generation.ended(a4, api, "SELECT 12345 AS n").fields["result"]["file"]

    assert file["size"] == len(api.http.get(file["download_url"]["url"]).content)


def test_bad_sql_is_an_invalid_request(generation: Generation, a4: A4, api: Api) -> None:
    refused = refusal(generation, a4, api, "SELECT nosuch FROM charges")

    assert (refused.kind, refused.status, refused.code) == ("InvalidRequestError", 400, "query_run_invalid_sql")


@pytest.mark.parametrize("key", ["rk_test_noaccess_a4", "rk_test_readonly_a4"])
def test_a_missing_right_is_a_permission_error(generation: Generation, a4: A4, api: Api, key: str) -> None:
    refused = refusal(generation, a4, api, key=key)

    assert (refused.kind, refused.status) == ("PermissionError", 403)


def test_a_bad_key_is_an_authentication_error(generation: Generation, a4: A4, api: Api) -> None:
    refused = refusal(generation, a4, api, key="sk_test_invalid_a4")

    assert (refused.kind, refused.status) == ("AuthenticationError", 401)


def test_an_unknown_run_is_an_invalid_request(generation: Generation, a4: A4, api: Api) -> None:
    with pytest.raises(Refused) as caught:
        generation.retrieve(a4, api, "qryrun_x")

    assert (caught.value.kind, caught.value.status, caught.value.code) == ("InvalidRequestError", 404, "not_found")


def test_a_reused_key_is_an_idempotency_error(generation: Generation, a4: A4, api: Api) -> None:
    first = generation.create(a4, api, "SELECT 1", {"idempotency_key": "k"})
    again = generation.create(a4, api, "SELECT 1", {"idempotency_key": "k"})
    refused = refusal(generation, a4, api, "SELECT 2", {"idempotency_key": "k"})

    assert first.fields["id"] == again.fields["id"]
    assert (refused.kind, refused.status, refused.code) == ("IdempotencyError", 409, "idempotency_error")


def test_a_full_cap_is_a_rate_limit_error(generation: Generation, a4: A4, api: Api) -> None:
    api.control(cap=0)

    refused = refusal(generation, a4, api)

    # The client keeps no code of an error without a type, which this one is: it stands in the body only.
    assert (refused.kind, refused.status, refused.code) == ("RateLimitError", 429, None)
    assert refused.body["error"]["code"] == "query_run_rate_limit_exceeded"
    assert refused.headers["stripe-rate-limited-reason"] == "resource-specific"
    assert refused.request_id and refused.request_id.startswith("req_v2")


def test_a_request_limit_is_a_rate_limit_error(generation: Generation, a4: A4, api: Api) -> None:
    api.fault("rate_limited", reason="endpoint-rate")

    refused = refusal(generation, a4, api)

    assert (refused.kind, refused.status, refused.code) == ("RateLimitError", 429, "account_rate_limit_exceeded")


def test_a_server_error_is_repeated_with_the_key_that_the_client_made_up(
    generation: Generation, a4: A4, api: Api
) -> None:
    api.fault("error_after", operation="create", times=1)

    generation.create(a4, api, max_network_retries=2)

    counts = api.counts()
    assert counts["requests"]["create"] == {"500": 1, "200": 1}
    assert counts["idempotency"] == {"keys": 1, "replays": 1, "max_executions_per_key": 1}


def test_the_clients_context_narrows_an_organization_key(generation: Generation, a4: A4, api: Api) -> None:
    wide = generation.create(a4, api, "SELECT account FROM charges", key=ORGANIZATION_KEY)
    refused = refusal(generation, a4, api, "SELECT account FROM charges", key=ORGANIZATION_KEY, stripe_context=ACCOUNT)

    assert wide.fields["status"] == "running"
    assert (refused.kind, refused.code) == ("InvalidRequestError", "query_run_invalid_sql")
