"""What a load balancer asks: whether the process lives, and whether it can take webhooks now."""

import pytest

from forebay.web import inbox
from tests.servers.processes import wait_until
from tests.web.served import connection, served


def test_it_is_ready_while_events_can_be_heard_and_alive_all_the_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_RETRY_S", 0.01)
    monkeypatch.setattr(inbox, "_CHECK_S", 0.01)
    with served() as one:
        assert [one.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        one.ear.away.set()
        wait_until(lambda: one.client.get("/readyz").status_code == 503, "it not to be ready")
        assert one.client.get("/readyz").text == "not ready\n"
        assert one.client.get("/healthz").status_code == 200
        one.ear.away.clear()
        wait_until(lambda: one.client.get("/readyz").status_code == 200, "it to be ready again")


def test_it_is_not_alive_once_nobody_hears_any_more() -> None:
    with served() as one:
        with one.inbox._changed:
            one.inbox._stopping = True
            one.inbox._changed.notify()
        wait_until(lambda: not one.inbox.alive, "its thread to end")

        assert one.client.get("/healthz").status_code == 500
        assert one.post('{"id": "evt_1", "type": "v2.data.query_run.failed"}').status_code == 503


def test_without_any_secret_there_is_nothing_but_these() -> None:
    with served(connection("acme")) as one:
        assert one.post("{}").status_code == 404
        assert one.client.get("/healthz").status_code == 200
