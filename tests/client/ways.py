"""Sets up the ways in which a client reaches a deployment: over HTTP, on Redis and ledger by itself, embedded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.processes import FOREIGN, environment, sandbox, workers
from tests.servers.receivers import receiver
from tests.servers.valkey import valkey_server

KEY = "rk_test_51ThisKeyMustNeverLeaveItsProcess"
SPEC = """
version: 1
connections:
  acme: {mode: test, key: secret://env/ACME_KEY, api_base: "%s", lane: {cap: 4}}
extracts:
  charges_daily: {sql: "SELECT id, amount FROM charges ORDER BY id LIMIT 5", window: {every: 1d, start: 2026-10-01}}
  refunds_daily:
    sql: SELECT id FROM refunds ORDER BY id LIMIT 5
    window: {every: 1d, start: 2026-10-01}
    checks: {rows: {max: 1}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a client finds its deployment: variables of its environment, and a server where there is one."""

    env: dict[str, str]
    url: str | None = None


def make_way(kind: str, folder: Path, spec: str = SPEC) -> Iterator[Way]:
    """Starts all that a way needs: a Stripe of its own, so that nothing that one does is seen by another.

    Its address goes into the `spec`.
    """
    (folder / "empty.env").touch()
    with sandbox(folder / "sandbox.log", "--duration", "fixed:0.2") as stripe_url:
        (folder / "forebay.yaml").write_text(spec % stripe_url)
        env = {
            "ACME_KEY": KEY,
            "FOREBAY_SPEC": str(folder / "forebay.yaml"),
            "FOREBAY_LEDGER": str(folder / "ledger"),
            "FOREBAY_OUTPUT": str(folder / "out"),
            "FOREBAY_DATA_DIR": str(folder / "data"),
            # So that a query can fail at Stripe, and not before.
            "FOREBAY_CHECK_SQL": "false",
        }
        if kind == "embedded":
            yield Way(env=env)
            return
        with valkey_server() as redis_url:
            env["FOREBAY_REDIS_URL"] = redis_url
            with workers([folder / "worker.log"], environment(**env)):
                if kind == "direct":
                    yield Way(env=env)
                else:
                    with receiver(folder, "web", "--port", "0", ready="listening", **env) as web:
                        yield Way(env=env, url=web.url)


@contextmanager
def here(way: Way, folder: Path) -> Iterator[None]:
    """Makes this process one that is of that deployment, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in os.environ if each.startswith(FOREIGN)]:
            patch.delenv(name)
        for name, value in way.env.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        yield
