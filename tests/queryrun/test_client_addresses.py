"""Where a client asks, and by which generation and version of the API."""

from __future__ import annotations

import httpx
import pytest

from forebay.config.stripe import Api
from forebay.queryrun.errors import ProviderError
from tests.queryrun.conftest import make_connection
from tests.queryrun.test_client import PATH, RUNNING, client_of


@pytest.mark.parametrize("query_run_id", ["qryrun_1", "qrun_1"])
def test_a_retrieve_sends_no_parameter_in_either_generation(query_run_id: str) -> None:
    seen: list[httpx.URL] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={"id": query_run_id, "status": "running"})

    with client_of(stripe) as client:
        client.retrieve(query_run_id, account=None)

    assert [(url.path.rpartition("/")[2], url.query) for url in seen] == [(query_run_id, b"")]


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    seen: list[bytes] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, json={"id": "qrun_1", "status": "running"})

    with client_of(stripe) as client, pytest.raises(ProviderError, match="another QueryRun"):
        client.retrieve("qrun_a/../b?c#d", account=None)

    assert seen == [b"/v2/data/query_runs/qrun_a%2F..%2Fb%3Fc%23d"]


def test_the_connection_says_where_and_which_version() -> None:
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=RUNNING)

    versions = {Api.REPORTING: "2026-07-29.preview"}
    connection = make_connection(api_base="https://gateway.example.com/stripe", api_versions=versions)
    with client_of(stripe, connection) as client:
        client.retrieve("qryrun_1", account=None)

    assert str(seen[0].url) == f"https://gateway.example.com/stripe{PATH}/qryrun_1"
    assert seen[0].headers["Stripe-Version"] == "2026-07-29.preview"


@pytest.mark.parametrize(
    ("own", "asked", "path", "version"),
    [
        (Api.REPORTING, None, PATH, "2026-04-22.preview"),
        (Api.REPORTING, Api.DATA, "/v2/data/query_runs", "2026-10-28.preview"),
        (Api.DATA, None, "/v2/data/query_runs", "2026-10-28.preview"),
        (Api.DATA, Api.REPORTING, PATH, "2026-04-22.preview"),
    ],
)
def test_a_create_speaks_the_generation_that_is_asked_for(own: Api, asked: Api | None, path: str, version: str) -> None:
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "q_1", "status": "running"})

    with client_of(stripe, make_connection(api=own)) as client:
        client.create(sql="SELECT 1", compress=True, key="k", account=None, api=asked)
        body = client.create_body(sql="SELECT 1", compress=True, api=asked)

    assert (seen[0].url.path, seen[0].headers["Stripe-Version"], seen[0].content) == (path, version, body)


@pytest.mark.parametrize("own", Api)
@pytest.mark.parametrize(
    ("query_run", "path", "version"),
    [
        ("qryrun_1", PATH, "2026-04-22.preview"),
        ("qrun_1", "/v2/data/query_runs", "2026-10-28.preview"),
    ],
)
def test_a_retrieve_speaks_the_generation_that_made_the_run(own: Api, query_run: str, path: str, version: str) -> None:
    """Whatever the connection says today: runs of before a change are alive when it comes."""
    seen: list[httpx.Request] = []

    def stripe(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": query_run, "status": "running"})

    with client_of(stripe, make_connection(api=own)) as client:
        client.retrieve(query_run, account=None)
        assert client.version_for(query_run) == version

    assert (seen[0].url.path, seen[0].headers["Stripe-Version"]) == (f"{path}/{query_run}", version)
