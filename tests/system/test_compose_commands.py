"""What docker-compose.yml runs, run here as processes: its commands must work, and its health check must tell."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from tests.servers.processes import environment, stop, wait_until
from tests.servers.valkey import free_port
from tests.system.deployment import Deployment, configured, queries

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
FOREBAY = str(Path(sys.executable).with_name("forebay"))


def command(service: str) -> list[str]:
    """A service's command, with our entry point in front; servers stay on loopback."""
    words = ["127.0.0.1" if word == "0.0.0.0" else word for word in SERVICES[service]["command"]]
    return [FOREBAY, *words]


def start(stack: ExitStack, words: list[str], env: dict[str, str], log: Path) -> "subprocess.Popen[str]":
    with log.open("w") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)
    stack.callback(stop, process)
    return process


def is_healthy(service: str, folder: Path) -> bool:
    """Runs the service's health check, which looks into a folder of the container's own: here one below `folder`."""
    kind, script = SERVICES[service]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    script = script.replace("$$", "$").replace(
        SERVICES[service]["environment"]["FOREBAY_HEALTH_DIR"], str(folder / service)
    )
    return subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    port = free_port()
    with ExitStack() as stack:
        start(stack, command("sandbox"), environment(SANDBOX_PORT=str(port)), tmp_path / "sandbox.log")
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url), "the sandbox to answer")
        yield from configured(
            redis_url=valkey_url,
            stripe_url=url,
            folder=tmp_path,
            destination=str(tmp_path / "out"),
            ledger=str(tmp_path / "ledger"),
        )


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_the_commands_of_the_compose_file_land_a_batch_and_the_health_check_tells_life_from_death(
    deployment: Deployment, tmp_path: Path
) -> None:
    services = ("worker", "downloader")
    with ExitStack() as stack:
        for service in services:
            assert not is_healthy(service, tmp_path)
            env = deployment.env | {"FOREBAY_HEALTH_DIR": str(tmp_path / service)}
            start(stack, command(service), env, deployment.logs / f"{service}.log")
        wait_until(lambda: all(is_healthy(service, tmp_path) for service in services), "the health checks to pass")
        batch = deployment.submit(queries(12))
        progress = deployment.wait_until_done(batch)

    assert (progress.landed, progress.failed) == (12, 0)
    for service in services:
        assert "Traceback" not in (deployment.logs / f"{service}.log").read_text()
        os.utime(tmp_path / service / "ready", (0, 0))
        assert not is_healthy(service, tmp_path), "what was said long ago is not believed"
