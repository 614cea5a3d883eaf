"""Gives Stripe's client of the other environment, and the sandbox that it talks to."""

import os
from collections.abc import Iterator

import pytest

from tests.clients.a4 import A4, PYTHON, client_process
from tests.sandbox.conftest import api, connected, sandbox_url

__all__ = ["a4", "api", "connected", "sandbox_url"]


@pytest.fixture(scope="session")
def a4() -> Iterator[A4]:
    """Stripe's client, once a session. `make test` and `make clients` set its environment up, and skip nothing."""
    if not PYTHON.exists():
        end = pytest.fail if os.environ.get("FOREBAY_TEST_CLIENTS") == "all" else pytest.skip
        end("stripe==16.1.0a4 has no environment here: `make clients` sets it up and runs this test")
    with client_process() as client:
        yield client
