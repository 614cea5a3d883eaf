from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from forebay import __version__
from forebay.config.connections import Connection
from forebay.config.errors import ConfigError, SecretError
from forebay.config.secrets import SecretRef
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import (
    AuthError,
    CapReachedError,
    InvalidRequestError,
    NotFoundError,
    ProviderError,
    QueryRunError,
)
from forebay.queryrun.idempotency import idempotency_key
from tests.queryrun.conftest import KEY, make_connection

PATH = "/v2/data/reporting/query_runs"
RUNNING = {"id": "qryrun_1", "status": "running", "livemode": False}

Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Handler, connection: Connection | None = None) -> QueryRunClient:
    return QueryRunClient(connection or make_connection(), transport=httpx.MockTransport(handler))


def refused(status: int, code: str | None = None, headers: dict[str, str] | None = None) -> Handler:
    error = {"message": "no"} | ({"code": code} if code else {})
    return lambda _: httpx.Response(status, json={"error": error}, headers=headers)


def test_create_sends_the_query_under_its_idempotency_key() -> None:
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=RUNNING, headers={"Request-Id": "req_1"})

    with client_of(stripe) as client:
        body = client.create_body(sql="SELECT 1", compress=True)
        key = idempotency_key(lane="acme:test", run="r", attempt=0, body=body)
        run = client.create(sql="SELECT 1", compress=True, key=key, account="acct_1/acct_2")

    assert (run.id, run.running, run.request_id) == ("qryrun_1", True, "req_1")
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", f"https://api.stripe.com{PATH}")
    # The very bytes that the key was made from.
    assert request.content == body
    assert json.loads(body) == {"sql": "SELECT 1", "result_options": {"compress_file": True}}
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Stripe-Version"] == "2026-04-22.preview"
    assert request.headers["Stripe-Context"] == "acct_1/acct_2"
    assert request.headers["Idempotency-Key"] == key
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"forebay/{__version__}"


def test_retrieve_asks_for_one_run_and_leaves_the_context_out_without_an_account() -> None:
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=RUNNING)

    with client_of(stripe) as client:
        assert client.retrieve("qryrun_1", account=None).request_id is None

    (request,) = seen
    assert (request.method, request.url.path, request.content) == ("GET", f"{PATH}/qryrun_1", b"")
    assert not {"stripe-context", "idempotency-key", "content-type"} & set(request.headers)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (refused(429, "query_run_rate_limit_exceeded"), CapReachedError),
        (refused(403), AuthError),
        (refused(404, "not_found"), NotFoundError),
        (refused(500, headers={"Request-Id": "req_9"}), ProviderError),
        (refused(302, headers={"Location": "https://elsewhere.example"}), ProviderError),
        (lambda _: httpx.Response(200, text="<html>hello</html>"), ProviderError),
        (lambda _: httpx.Response(200, content=b"not gzip", headers={"Content-Encoding": "gzip"}), ProviderError),
    ],
)
def test_what_is_no_query_run_becomes_the_error_that_says_what_to_do(
    handler: Handler, expected: type[QueryRunError]
) -> None:
    calls = 0

    def counted(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return handler(request)

    with client_of(counted) as client, pytest.raises(expected):
        client.retrieve("qryrun_1", account=None)

    # No retry and no redirect behind the queue's back: the budgets are its own.
    assert calls == 1


def test_a_retrieve_that_is_answered_with_another_run_is_not_believed() -> None:
    """Its result would land under this run's name."""
    other = {"id": "qryrun_2", "status": "succeeded"}
    answer = httpx.Response(200, json=other, headers={"Request-Id": "req_1"})

    with (
        client_of(lambda _: answer) as client,
        pytest.raises(ProviderError, match="another QueryRun, qryrun_2") as raised,
    ):
        client.retrieve("qryrun_1", account=None)

    assert raised.value.request_id == "req_1"


@pytest.mark.parametrize("echo", ["SELECT 2", "SELECT 1 FROM charges", ""])
def test_a_create_that_is_answered_with_the_run_of_another_query_is_not_believed(echo: str) -> None:
    with (
        client_of(lambda _: httpx.Response(200, json=RUNNING | {"sql": echo})) as client,
        pytest.raises(ProviderError, match="another query"),
    ):
        client.create(sql="SELECT 1", compress=True, key="fb-1", account=None)


@pytest.mark.parametrize("echo", ["SELECT 1", " select\n\t1 ;", 'SELECT "1"', None, 7])
def test_an_echo_that_was_tidied_up_or_left_out_is_that_of_the_query(echo: object) -> None:
    with client_of(lambda _: httpx.Response(200, json=RUNNING | {"sql": echo})) as client:
        assert client.create(sql="SELECT 1", compress=True, key="fb-1", account=None).id == "qryrun_1"


def test_a_name_from_the_wire_is_short_and_on_one_line() -> None:
    endless = {"Request-Id": "req_" + "x" * 50_000, "Stripe-Should-Retry": "true"}
    error = {"code": "a\x1b[31m\n" + "b" * 50_000, "message": "m\x07\u202e" + "n" * 50_000}
    answer = httpx.Response(500, json={"error": error}, headers=endless)

    with client_of(lambda _: answer) as client, pytest.raises(ProviderError) as raised:
        client.retrieve("qryrun_1", account=None)

    assert len(raised.value.request_id or "") == len(raised.value.code or "") == 120
    assert len(raised.value.message) <= 2000
    assert str(raised.value).isprintable()


def test_the_request_id_of_a_refusal_is_kept() -> None:
    with client_of(refused(500, headers={"Request-Id": "req_9"})) as client, pytest.raises(ProviderError) as raised:
        client.retrieve("qryrun_1", account=None)

    assert raised.value.request_id == "req_9"


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("late"),
        httpx.PoolTimeout("full"),
        httpx.ProxyError("no"),
        httpx.ReadTimeout("late"),
        httpx.WriteTimeout("late"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.CloseError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
        httpx.DecodingError("gzip"),
    ],
)
def test_a_broken_connection_is_the_providers_fault_and_quotes_no_key(broken: Exception) -> None:
    def stripe(_: httpx.Request) -> httpx.Response:
        raise broken

    with client_of(stripe) as client, pytest.raises(ProviderError) as raised:
        client.create(sql="SELECT 1", compress=False, key="fb-1", account=None)

    assert raised.value.status is None
    assert KEY not in str(raised.value)


def test_the_key_is_resolved_at_each_request_so_that_a_rolled_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, json=RUNNING)

    connection = make_connection(secret=SecretRef.parse("secret://env/FOREBAY_TEST_KEY"))
    with client_of(stripe, connection) as client:
        for key in ("sk_test_old", "sk_test_new"):
            monkeypatch.setenv("FOREBAY_TEST_KEY", key)
            client.retrieve("qryrun_1", account=None)

    assert seen == ["Bearer sk_test_old", "Bearer sk_test_new"]


@pytest.mark.parametrize("key", [None, "sk_live_of_the_wrong_mode", "sk_test_two\nlines"])
def test_without_a_usable_key_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    if key is not None:
        monkeypatch.setenv("FOREBAY_TEST_KEY", key)

    def stripe(_: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    connection = make_connection(secret=SecretRef.parse("secret://env/FOREBAY_TEST_KEY"))
    with client_of(stripe, connection) as client, pytest.raises(SecretError):
        client.retrieve("qryrun_1", account=None)


@pytest.mark.parametrize("account", ["", "acct_1\r\nX-Injected: 1", "é"])
def test_what_is_no_account_never_becomes_a_header(account: str) -> None:
    def stripe(_: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    with client_of(stripe) as client, pytest.raises(ConfigError):
        client.retrieve("qryrun_1", account=account)


def test_probe_is_content_with_a_run_that_does_not_exist() -> None:
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return refused(404, "not_found")(request)

    with client_of(stripe) as client:
        client.probe(account="acct_1")

    assert seen[0].method == "GET"
    assert seen[0].headers["Stripe-Context"] == "acct_1"


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (refused(401), AuthError),
        (refused(403), AuthError),
        (refused(500), ProviderError),
        (lambda _: httpx.Response(404, text="<html>nginx</html>"), NotFoundError),
    ],
)
def test_probe_raises_what_is_wrong(handler: Handler, expected: type[QueryRunError]) -> None:
    with client_of(handler) as client, pytest.raises(expected):
        client.probe()


@pytest.mark.parametrize("handler", [lambda _: httpx.Response(200, json=RUNNING), refused(401), refused(500)])
def test_no_key_in_any_repr_log_or_traceback(
    handler: Handler, caplog: pytest.LogCaptureFixture, connection: Connection
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(connection), str(connection)]

    with client_of(handler) as client:
        said += [repr(client), str(client), repr(client.connection)]
        try:
            run = client.create(sql="SELECT 1", compress=False, key="fb-1", account="acct_1")
            said += [repr(run), str(run)]
        except QueryRunError as exc:
            # As the loudest of error reporters would: with the locals of every frame.
            whole = traceback.TracebackException.from_exception(exc, capture_locals=True)
            said += [repr(exc), str(exc), repr(vars(exc)), *whole.format()]

    assert KEY not in "".join(said)
    assert KEY not in caplog.text


def test_httpx_does_not_log_urls(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with client_of(lambda _: httpx.Response(200, json=RUNNING)) as client:
        client.retrieve("qryrun_1", account=None)

    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]


def test_64_threads_share_one_client() -> None:
    def stripe(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=RUNNING | {"id": request.url.path.rsplit("/", 1)[1]})

    ids = [f"qryrun_{number}" for number in range(256)]
    with client_of(stripe) as client, ThreadPoolExecutor(64) as threads:
        found = threads.map(lambda one: client.retrieve(one, account=None).id, ids)
        assert list(found) == ids


@pytest.mark.parametrize(("context", "sent"), [(None, "acct_1"), ("acct_nobody", "acct_nobody")])
def test_the_create_that_probes_has_no_sql_and_no_key_by_which_another_could_be_replayed(
    context: str | None, sent: str
) -> None:
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, json={"error": {"code": "invalid_fields", "message": "sql is required"}})

    with client_of(stripe) as client, pytest.raises(InvalidRequestError):
        client.probe_create(account="acct_1", context=context)

    (request,) = seen
    assert (request.method, request.url.path, request.content) == ("POST", PATH, b"{}")
    assert request.headers["Stripe-Context"] == sent
    assert "Idempotency-Key" not in request.headers


def test_a_create_without_sql_that_is_said_to_be_well_is_an_error() -> None:
    with client_of(lambda _: httpx.Response(200, json=RUNNING)) as client, pytest.raises(ProviderError) as found:
        client.probe_create(account=None)

    assert (found.value.status, "as if it had carried it out" in str(found.value)) == (200, True)
