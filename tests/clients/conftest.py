"""Gives Stripe's client of the other environment, and a sandbox that it may talk to as it is."""

import os
from collections.abc import Iterator

import pytest

from forebay.sandbox.http.server import running
from tests.clients.a4 import A4, PYTHON, client_process
from tests.sandbox.conftest import SETTINGS
from tests.sandbox.driver import Api


@pytest.fixture(scope="session")
def a4() -> Iterator[A4]:
    """Stripe's client, once a session. `make test` and `make clients` set its environment up, and skip nothing."""
    if not PYTHON.exists():
        end = pytest.fail if os.environ.get("FOREBAY_TEST_CLIENTS") == "all" else pytest.skip
        end("stripe==16.1.0a4 has no environment here: `make clients` sets it up and runs this test")
    with client_process() as client:
        yield client


@pytest.fixture(scope="session")
def connected(a4: A4) -> Iterator[Api]:
    version = a4.ask("api_version")
    accepted = [*SETTINGS.accepted_versions, *({version} - {*SETTINGS.accepted_versions})]
    with running(SETTINGS.model_copy(update={"accepted_versions": accepted})) as url:
        api = Api(url)
        yield api
        api.http.close()


@pytest.fixture
def api(connected: Api) -> Api:
    """The sandbox, put back to its start."""
    connected.http.post("/sandbox/reset").raise_for_status()
    return connected
