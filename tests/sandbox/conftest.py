"""One real server for the folder, put back to its start before each test."""

from collections.abc import Iterator

import pytest

from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.sandbox.driver import Api, DataApi

# Limits that a fast test would meet by accident are off; the tests of the limiters turn them on.
SETTINGS = SandboxSettings(
    port=0,
    duration="fixed:0",
    endpoint_rate_per_s=0,
    global_rate_test_per_s=0,
    global_rate_live_per_s=0,
    accounts=3,
    event_delay="fixed:0",
)


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    with running(SETTINGS) as url:
        yield url


@pytest.fixture(scope="session")
def connected(sandbox_url: str) -> Iterator[Api]:
    api = Api(sandbox_url)
    yield api
    api.http.close()


@pytest.fixture
def api(connected: Api) -> Api:
    connected.http.post("/sandbox/reset").raise_for_status()
    return connected


@pytest.fixture(scope="session")
def connected_by_data(sandbox_url: str) -> Iterator[DataApi]:
    api = DataApi(sandbox_url)
    yield api
    api.http.close()


@pytest.fixture
def data_api(api: Api, connected_by_data: DataApi) -> DataApi:
    """The second generation of what `api` speaks the first of."""
    del api  # which put the sandbox back to its start
    return connected_by_data
