"""All tables come with a request for each thousand of them, with a key that may only read, or none come."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Api
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import AuthError, InvalidRequestError, NotFoundError, ProviderError, TooFastError
from forebay.queryrun.lists.schemas_page import ColumnPlace
from forebay.queryrun.lists.tables import MOST_PAGES, fetch_tables
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.queryrun.conftest import make_connection


@pytest.fixture(scope="module")
def sandbox_url() -> Iterator[str]:
    with running(SandboxSettings(port=0, accounts=2, made_up_tables=300)) as url:
        yield url


class Sandbox:
    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, key: str = "rk_test_readonly_x", **connection: Any) -> QueryRunClient:
        secret = HeldSecret(origin="STRIPE_API_KEY", value=SecretStr(key))
        return QueryRunClient(make_connection(api_base=self.url, secret=secret, **connection))

    def control(self, **changes: Any) -> None:
        httpx.post(f"{self.url}/sandbox/control", json=changes).raise_for_status()

    @property
    def requests(self) -> dict[str, dict[str, int]]:
        counted: dict[str, dict[str, int]] = httpx.get(f"{self.url}/sandbox/counts").json()["requests"]
        return counted


@pytest.fixture
def sandbox(sandbox_url: str) -> Sandbox:
    httpx.post(f"{sandbox_url}/sandbox/reset").raise_for_status()
    return Sandbox(sandbox_url)


def test_all_tables_of_stripe_are_one_request(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        tables = fetch_tables(client)

    assert len(tables) >= 350
    assert sandbox.requests == {"list_schemas": {"200": 1}}


def test_pages_are_followed_to_the_last(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        whole = fetch_tables(client)
        sandbox.control(schemas_page_most=1000, made_up_tables=2500)
        more = fetch_tables(client)

    assert len(more) == len(whole) + 2200
    assert [table.name for table in more] == sorted({table.name for table in more})
    assert sandbox.requests == {"list_schemas": {"200": 1 + 3}}


def test_a_table_is_told_with_its_types_its_key_and_where_it_leads(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        (charges,) = (table for table in fetch_tables(client) if table.name == "charges")

    columns = {column.name: column for column in charges.columns}
    assert (columns["amount"].type, columns["created"].type) == ("bigint", "timestamp")
    assert columns["id"].is_key and not columns["amount"].is_key
    assert columns["customer_id"].refers_to == (ColumnPlace(table="customers", column="id"),)
    assert charges.refreshed_at is not None and charges.refreshed_at.isoformat() == "2026-11-01T00:00:00+00:00"
    assert charges.description and columns["amount"].description


def test_the_version_is_that_of_the_list_whatever_queries_are_asked_by(sandbox: Sandbox) -> None:
    sandbox.control(accepted_data_versions=["2026-10-28.preview"])

    with sandbox.client(api_versions={Api.REPORTING: "2026-04-22.preview"}) as client:
        assert fetch_tables(client)


@pytest.mark.parametrize(
    ("changes", "key", "kind"),
    [
        ({}, "sk_test_invalid", AuthError),
        ({}, "rk_test_noschemas_x", AuthError),
        ({}, "rk_test_nopreview_x", AuthError),
        ({"schemas": "disabled"}, "rk_test_x", AuthError),
        ({"schemas": "forbidden"}, "rk_test_x", AuthError),
        ({"schemas": "missing"}, "rk_test_x", NotFoundError),
        ({"accepted_data_versions": ["2030-01-01.preview"]}, "rk_test_x", InvalidRequestError),
        ({"faults": [{"name": "rate_limited", "reason": "endpoint-rate"}]}, "rk_test_x", TooFastError),
        ({"faults": [{"name": "server_error"}]}, "rk_test_x", ProviderError),
        ({"faults": [{"name": "drop_reply"}]}, "rk_test_x", ProviderError),
        ({"faults": [{"name": "html"}]}, "rk_test_x", ProviderError),
        ({"faults": [{"name": "gzip_bomb"}]}, "rk_test_x", ProviderError),
        ({"faults": [{"name": "endless"}]}, "rk_test_x", ProviderError),
        ({"faults": [{"name": "page_elsewhere"}]}, "rk_test_x", ProviderError),
        ({"faults": [{"name": "page_empty"}]}, "rk_test_x", ProviderError),
    ],
)
def test_each_way_of_being_refused_is_an_error_and_asks_once(
    sandbox: Sandbox, changes: dict[str, Any], key: str, kind: type[Exception]
) -> None:
    sandbox.control(**changes)

    with sandbox.client(key) as client, pytest.raises(kind):
        fetch_tables(client)

    assert sum(sandbox.requests["list_schemas"].values()) == 1


def test_a_list_without_an_end_is_given_up(sandbox: Sandbox) -> None:
    sandbox.control(faults=[{"name": "page_endless", "operation": "list_schemas"}])

    with sandbox.client() as client, pytest.raises(ProviderError, match="has no end"):
        fetch_tables(client)

    assert sandbox.requests == {"list_schemas": {"200": MOST_PAGES}}


def test_a_page_that_breaks_off_gives_none_of_those_before_it(sandbox: Sandbox) -> None:
    sandbox.control(made_up_tables=2500, faults=[{"name": "server_error", "operation": "list_schemas", "nth": 3}])

    with sandbox.client() as client, pytest.raises(ProviderError):
        fetch_tables(client)

    assert sandbox.requests == {"list_schemas": {"200": 2, "500": 1}}


def test_an_account_is_asked_for_by_its_context(sandbox: Sandbox) -> None:
    with sandbox.client("sk_org_test_x") as client:
        assert fetch_tables(client, account="acct_sandbox0002")
        with pytest.raises(AuthError):
            fetch_tables(client, account="acct_nobody")


def test_the_key_goes_in_no_other_place_than_its_header() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        page = {"data": [{"name": "charges", "columns": [{"name": "id"}]}], "next_page_url": None}
        return httpx.Response(200, content=json.dumps(page))

    with QueryRunClient(make_connection(), transport=httpx.MockTransport(answer)) as client:
        fetch_tables(client)

    (request,) = asked
    assert str(request.url) == (
        "https://api.stripe.com/v2/data/schemas?dataset=analytical&include[0]=columns&limit=1000"
    )
    assert request.headers["stripe-version"] == "2026-10-28.preview"
    assert "stripe-context" not in request.headers
