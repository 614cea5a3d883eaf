"""Gives tests of the provider a server that answers as they say, and what Airflow hands to a task."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.integrations.airflow.scripted_server import ScriptedServer, scripted_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server, which the connection `forebay_default` leads to."""
    with scripted_server() as server:
        connection = {"conn_type": "forebay", "host": server.url, "password": "fbweb_token"}
        monkeypatch.setenv("AIRFLOW_CONN_FOREBAY_DEFAULT", json.dumps(connection))
        yield server
