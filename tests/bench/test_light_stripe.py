"""The stand-in of the cost bench answers as Stripe does, as far as its clients and the benches' judge ask."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.costs.light_server import light_stripe
from bench.judge import every_run, requests_made
from bench.scenario import fingerprint, sql
from forebay.landing.fetch import Fetcher
from forebay.landing.land import land
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import CapReachedError, NotFoundError, TooFastError
from forebay.store.local import LocalStore
from tests.queryrun.conftest import make_connection
from tests.servers.processes import wait_until


@pytest.fixture
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QueryRunClient]:
    """A client of a stand-in that is started with the options of the test."""
    with (
        light_stripe(tmp_path, *request.param) as served,
        QueryRunClient(make_connection(api_base=served.url)) as client,
    ):
        yield client


def counts(client: QueryRunClient) -> dict[str, object]:
    said: dict[str, object] = httpx.get(f"{client.connection.api_base}/sandbox/counts").json()
    return said


@pytest.mark.parametrize("client", [()], indirect=True)
def test_a_run_lives_as_long_as_its_sql_says_and_its_result_lands(client: QueryRunClient, tmp_path: Path) -> None:
    created = client.create(sql=sql(7, 0.05), compress=True, key="k", account=None)
    assert created.running
    wait_until(lambda: client.retrieve(created.id, account=None).succeeded, "the end")

    file = client.retrieve(created.id, account=None).result
    assert file
    assert file.size_bytes
    with Fetcher(allowed_hosts=(client.connection.api_base.removeprefix("http://"),)) as fetcher:
        landed = land(
            fetcher,
            file.url,
            content_type=file.content_type,
            size=file.size_bytes,
            store=LocalStore(tmp_path / "out"),
            result_format="csv",
            stem="result",
        )
    assert landed.records == 1
    with httpx.Client(base_url=client.connection.api_base) as http:
        (run,) = every_run(http)
    assert (run["id"], run["sql_sha256"]) == (created.id, fingerprint(sql(7, 0.05)))
    assert run["ended"] > run["created"]


@pytest.mark.parametrize("client", [("--duration", "60")], indirect=True)
def test_one_key_is_one_run_and_what_it_does_not_know_it_does_not_show(client: QueryRunClient) -> None:
    first, again = (client.create(sql="SELECT 1", compress=False, key="k", account=None) for _ in range(2))

    assert first.id == again.id
    client.probe()
    with pytest.raises(NotFoundError):
        client.retrieve("qryrun_test_other", account=None)


@pytest.mark.parametrize("client", [("--cap", "1", "--duration", "60")], indirect=True)
def test_the_cap_is_each_account_s_own(client: QueryRunClient) -> None:
    client.create(sql="SELECT 1", compress=False, key="1", account="acct_1")
    client.create(sql="SELECT 1", compress=False, key="2", account="acct_2")

    with pytest.raises(CapReachedError):
        client.create(sql="SELECT 1", compress=False, key="3", account="acct_1")
    assert counts(client)["refused_429"] == {"cap": 1}


@pytest.mark.parametrize("client", [("--endpoint-rate-per-s", "2", "--duration", "60")], indirect=True)
def test_requests_beyond_a_limit_are_refused_and_counted(client: QueryRunClient) -> None:
    refused = sum(_refused(client, str(number)) for number in range(20))

    asked = counts(client)
    assert refused > 0
    assert asked["refused_429"] == {"endpoint-rate": refused}
    assert requests_made(asked) == 20


def _refused(client: QueryRunClient, key: str) -> bool:
    try:
        client.create(sql="SELECT 1", compress=False, key=key, account=None)
    except TooFastError:
        return True
    return False
