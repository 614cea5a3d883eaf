"""Sets up the ways in which a client reaches a deployment: over HTTP, on Redis and ledger by itself, embedded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.processes import FOREIGN, environment, sandbox, stop, workers
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


def make_way(kind: str, folder: Path) -> Iterator[Way]:
    """Starts all that a way needs: a Stripe of its own, so that nothing that one does is seen by another."""
    (folder / "empty.env").touch()
    with sandbox(folder / "sandbox.log", "--duration", "fixed:0.2") as stripe_url:
        (folder / "forebay.yaml").write_text(SPEC % stripe_url)
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
                    with _web(env, folder) as url:
                        yield Way(env=env, url=url)


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


@contextmanager
def _web(env: dict[str, str], folder: Path) -> Iterator[str]:
    command = [str(Path(sys.executable).with_name("forebay")), "web", "--port", "0"]
    with (folder / "web.log").open("w") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment(**env), cwd=folder
        )
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert "listening on" in line, (folder / "web.log").read_text()
            yield line.split()[-1]
        finally:
            stop(process)
            process.stdout.close()
