"""A folder to work in, a Stripe to talk to, and the `forebay` command as people call it."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.embedded.attach import embedded
from forebay.cli.main import invoke
from forebay.config.settings import Settings
from tests.cli.definitions import SPEC
from tests.cli.stripe import EndlessStripe, endless_stripe
from tests.servers.processes import sandbox

DEADLINE_S = 90.0


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Forebay = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, an environment in which nothing is set, and a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in list(os.environ):
        if name.startswith(("FOREBAY_", "STRIPE_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def forebay(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Forebay]:
    """Runs a command in this process, and takes back where it logged to: pytest closes that after the test."""
    log = logging.getLogger()
    handlers, level = list(log.handlers), log.level

    def call(*arguments: str) -> Said:
        capsys.readouterr()
        code = invoke(arguments)
        caught = capsys.readouterr()
        return Said(code, caught.out, caught.err)

    yield call
    log.handlers[:] = handlers
    log.setLevel(level)


@pytest.fixture(scope="session")
def endless() -> Iterator[EndlessStripe]:
    with endless_stripe() as stripe:
        yield stripe


@pytest.fixture
def stripe(folder: Path, endless: EndlessStripe, monkeypatch: pytest.MonkeyPatch) -> EndlessStripe:
    """A Stripe that takes our key."""
    endless.created.clear()
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_good")
    monkeypatch.setenv("FOREBAY_API_BASE", endless.url)
    return endless


@pytest.fixture
def stripe_url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sandbox whose queries take hardly any time. What `run` started here is gone when the test is."""
    with sandbox(folder.parent / "sandbox.log", "--duration", "fixed:0.2") as url:
        monkeypatch.setenv("STRIPE_API_KEY", "rk_test_sandbox")
        monkeypatch.setenv("FOREBAY_API_BASE", url)
        yield url
        embedded(Settings(), os.environ).stop()


@pytest.fixture
def deployed(
    stripe: EndlessStripe, valkey: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> redis.Redis:
    """A deployment's Redis, without workers: batches wait until the test moves them."""
    monkeypatch.setenv("FOREBAY_REDIS_URL", valkey_url)
    return valkey


@pytest.fixture
def queries(folder: Path) -> list[str]:
    """Three queries."""
    (folder / "q").mkdir()
    for name in ("charges", "fees", "refunds"):
        (folder / "q" / f"{name}.sql").write_text(f"SELECT count(*) FROM {name}")
    return ["q/*.sql"]


def start(*arguments: str, path: Path | None = None) -> "subprocess.Popen[str]":
    """A command as a process of its own, with the working folder and environment of the test.

    `path` is where its imports are looked for first.
    """
    return subprocess.Popen(
        [sys.executable, "-c", "from forebay.cli.entry import main; main()", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **({"PYTHONPATH": str(path)} if path else {})},
    )


def finish(process: "subprocess.Popen[str]") -> Said:
    """Waits for its end."""
    out, err = process.communicate(timeout=DEADLINE_S)
    return Said(process.returncode, out, err)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Waits for a condition; fails with `what` when it does not come about."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"it did not come about that {what}")


def manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """Reads all manifests in a folder, by the names of their results."""
    read = (json.loads(path.read_text()) for path in folder.rglob("*.manifest.json"))
    return {manifest["name"]: manifest for manifest in read}


def files(folder: Path) -> set[str]:
    """Everything in a folder, to see that nothing was written."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def spec(folder: Path, stripe: EndlessStripe) -> Path:
    """A spec with two batches and an extract."""
    (folder / "queries").mkdir()
    (folder / "queries" / "fees.sql").write_text("SELECT {{ params.month }}, {{ params.currency }} FROM fees")
    (folder / "queries" / "payouts.sql").write_text("SELECT {{ params.month }} FROM payouts")
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url))
    return folder
