"""A sandbox to which each check can be made with each kind of key, and what it was asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from forebay.cli.submitting.checks.check_result import CheckResult
from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings

Configured = Callable[..., Config]


@pytest.fixture(scope="session")
def served_sandbox() -> Iterator[str]:
    with running(SandboxSettings(port=0, accounts=3, duration="fixed:0")) as url:
        yield url


class Asked:
    """What a sandbox was asked, and how it answers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def change(self, **settings: object) -> None:
        httpx.post(f"{self.url}/sandbox/control", json=settings).raise_for_status()

    def requests(self) -> dict[str, dict[str, int]]:
        """Operation → status → how many."""
        counted: dict[str, dict[str, int]] = httpx.get(f"{self.url}/sandbox/counts").json()["requests"]
        return counted

    def runs(self) -> int:
        return len(httpx.get(f"{self.url}/sandbox/runs").json()["data"])


@pytest.fixture
def asked(served_sandbox: str) -> Asked:
    httpx.post(f"{served_sandbox}/sandbox/reset").raise_for_status()
    return Asked(served_sandbox)


@pytest.fixture
def configured(folder: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """Makes a configuration of a key alone, or of a spec whose connection is `acme`."""

    def configure(
        key: str = "rk_test_x", *, per_account: bool = False, connection: str = "", more: str = "", **settings: object
    ) -> Config:
        monkeypatch.setenv("ACME_KEY", key)
        if connection or more:
            place = "'secret://env/ACME_KEY_{account}'" if per_account else "secret://env/ACME_KEY"
            spec = f"version: 1\nconnections:\n  acme: {{mode: test, key: {place}{connection}}}\n{more}"
            Path("forebay.yaml").write_text(spec)
            return load_config(Settings(api_base=asked.url, **settings))
        return load_config(Settings(api_base=asked.url, stripe_api_key=key, mode="test", **settings))

    return configure


def told(rows: list[CheckResult]) -> list[tuple[str, str]]:
    """The names and verdicts of rows."""
    return [(row.check, row.verdict.value) for row in rows]
