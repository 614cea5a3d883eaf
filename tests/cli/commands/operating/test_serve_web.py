"""`forebay web` as a process: from Stripe's signature to a run that is due, and to its end in order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from stripe import WebhookSignature

from tests.cli.conftest import Forebay
from tests.governor.driver import Lane
from tests.servers.processes import environment, wait_until
from tests.servers.receivers import is_due, receiver, running
from tests.servers.valkey import RestartedValkey

pytestmark = [pytest.mark.system]

SECRET = "whsec_of_this_endpoint"
SERVE = ("web", "--port", "0", "--only", "webhooks")
BODY = {
    "id": "evt_1",
    "object": "v2.core.event",
    "type": "v2.data.reporting.query_run.succeeded",
    "related_object": {"id": "qryrun_1", "type": "v2.data.reporting.query_run"},
}


def settings(redis_url: str) -> dict[str, str]:
    return {"FOREBAY_REDIS_URL": redis_url, "FOREBAY_MODE": "test", "FOREBAY_WEBHOOK_SECRETS": SECRET}


def post(url: str, body: dict[str, Any], *, secret: str = SECRET) -> int:
    text = json.dumps(body)
    headers = {"Stripe-Signature": WebhookSignature.generate_signature_header(text, secret)}
    return httpx.post(f"{url}/webhooks/stripe/default", content=text, headers=headers).status_code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_webhook_makes_its_run_due_and_a_signal_ends_it_in_order(
    valkey: Any, valkey_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    lane = Lane(valkey, "default:test")
    run, other = running(lane, "qryrun_1"), running(lane, "qryrun_2")
    with receiver(tmp_path, *SERVE, ready="POST", **settings(valkey_url)) as web:
        assert web.out.read_text().splitlines()[1] == f"  default: POST {web.url}/webhooks/stripe/default"
        assert post(web.url, BODY, secret="whsec_of_somebody_else") == 400
        assert post(web.url, {**BODY, "type": "v9.unknown"}) == 200
        assert post(web.url, {**BODY, "related_object": {"id": "qryrun_of_others"}}) == 200
        assert not is_due(lane, run)
        assert post(web.url, BODY) == 200
        wait_until(lambda: is_due(lane, run), "the run to be due")
        assert not is_due(lane, other)
        assert httpx.get(f"{web.url}/readyz").status_code == 200

        assert web.end(number) == 0
        assert "webhooks were refused: 1 × signed (default)" in web.said
        assert "Traceback" not in web.said and SECRET not in web.said + web.out.read_text()


def test_while_redis_is_away_stripe_is_told_to_send_again(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    with (
        RestartedValkey(tmp_path / "valkey") as server,
        receiver(tmp_path, *SERVE, ready="POST", **settings(server.url)) as web,
    ):
        server.kill()
        wait_until(lambda: post(web.url, BODY) == 503, "it to be refused")
        assert httpx.get(f"{web.url}/readyz").status_code == 503
        assert httpx.get(f"{web.url}/healthz").status_code == 200
        server.start()
        wait_until(lambda: post(web.url, BODY) == 200, "it to be taken again")

        assert web.end(signal.SIGTERM) == 0
        assert "webhooks are answered 503" in web.said and "webhooks are taken again" in web.said


@pytest.mark.parametrize(
    ("setting", "value", "code", "said"),
    [
        ("FOREBAY_WEBHOOK_SECRETS", "", 2, "config: no connection has the signing secret of a webhook: set FOREBAY_W"),
        ("FOREBAY_MODE", "", 2, "config: no connection has the signing secret of a webhook: set FOREBAY_WEBHOOK_SECR"),
        ("FOREBAY_REDIS_URL", "", 2, "config: "),
        ("FOREBAY_REDIS_URL", "redis://127.0.0.1:1/0", 2, "redis: "),
        ("FOREBAY_WEBHOOK_SECRETS", "rk_live_1234567890", 4, "auth: FOREBAY_WEBHOOK_SECRETS holds no signing secret"),
    ],
)
def test_what_is_missing_is_one_sentence(
    forebay: Forebay, valkey_url: str, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, code: int, said: str
) -> None:
    for name, whole in {**settings(valkey_url), setting: value}.items():
        monkeypatch.setenv(name, whole)

    answer = forebay("web", "--only", "webhooks", "--port", "0")

    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith(said)
    assert "1234567890" not in answer.err


def test_a_port_that_is_taken_is_one_sentence(
    forebay: Forebay, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings(valkey_url).items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        answer = forebay("web", "--only", "webhooks", "--port", str(port))

    assert answer.code == 2
    assert answer.err.startswith(f"config: cannot listen on 127.0.0.1:{port}: Address already in use; --port 0 takes")


def test_without_its_extra_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['uvicorn'] = None; from forebay.cli.main import invoke; sys.exit(invoke(['web']))"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), timeout=120, check=False
    )

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "usage: forebay web needs uvicorn\n  → pip install 'forebay[web]'\n"
