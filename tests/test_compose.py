"""docker-compose.yml against the specification's own schema, and against what our code would say to it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from forebay.config.api_base import check_api_base
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.stripe import Mode

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

OURS = {name: service for name, service in SERVICES.items() if service.get("build")}
WORKERS = {name: service for name, service in OURS.items() if service["command"][0] == "worker"}


def check(path: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("check-jsonschema")
    command = [str(tool), "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_file_follows_the_compose_specification() -> None:
    result = check(ROOT / "docker-compose.yml")

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_schema_would_notice_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text((ROOT / "docker-compose.yml").read_text("utf-8").replace("stop_grace_period", "stop_grace_time"))

    assert check(broken).returncode == 1


def test_without_a_profile_there_are_a_redis_and_the_two_kinds_of_worker() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "redis",
        "worker",
        "downloader",
    }
    assert SERVICES["worker"]["command"] == ["worker", "--queues", "submit,poll"]
    assert SERVICES["downloader"]["command"] == ["worker", "--queues", "download"]


def test_only_the_sandbox_is_built_with_what_the_sandbox_needs() -> None:
    built = {name: (service["image"], service["build"]) for name, service in OURS.items()}
    sandbox = built.pop("sandbox")

    assert sandbox == ("forebay-sandbox", {"context": ".", "args": {"LOCK": "requirements-sandbox.lock"}})
    assert all(image == ("forebay", ".") for image in built.values())


def test_every_queue_has_a_worker_on_stripe_and_in_the_sandbox() -> None:
    queues = {name: service["command"][2].split(",") for name, service in WORKERS.items()}

    assert sorted(queues["worker"] + queues["downloader"]) == ["download", "poll", "submit"]
    assert sorted(queues["sandbox-worker"]) == ["download", "poll", "submit"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_ends_in_order_and_is_watched_by_its_own_pump(name: str) -> None:
    service = WORKERS[name]

    assert service["init"] is True
    assert service["stop_grace_period"] == "60s"
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"] == ["CMD-SHELL", 'test -n "$$(find /tmp/health/ready -mmin -1)"']
    assert service["environment"]["FOREBAY_HEALTH_DIR"] == "/tmp/health" and service["tmpfs"] == ["/tmp"]
    assert service["depends_on"]["redis"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_write_to_their_volume_only(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] in (
        ["data:/data"],
        ["sandbox:/data"],
    )


def test_redis_keeps_what_it_is_told_and_evicts_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "redis:/data" in SERVICES["redis"]["volumes"]
    assert SERVICES["redis"]["healthcheck"]["test"] == ["CMD", "valkey-cli", "ping"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_foreign_image_is_of_a_named_release(name: str) -> None:
    service = SERVICES[name]

    assert service.get("build") or re.search(r":\d[\w.-]+$", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_this_machine(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_every_variable_of_ours_is_a_setting() -> None:
    named = {key for service in SERVICES.values() for key in service.get("environment", {}) if "FOREBAY_" in key}

    assert named
    assert named <= {f"FOREBAY_{field.upper()}" for field in Settings.model_fields}


def test_the_sandbox_worker_reaches_the_sandbox_where_a_key_may_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, sandbox = SERVICES["sandbox-worker"], SERVICES["sandbox"]
    monkeypatch.chdir(tmp_path)
    for variable, value in worker["environment"].items():
        monkeypatch.setenv(variable, value)

    connection = load_config(Settings()).connection()

    assert worker["network_mode"] == "service:sandbox"
    check_api_base(connection.api_base)
    assert connection.mode is Mode.TEST
    # What is published is what it listens on.
    port = connection.api_base.rsplit(":", 1)[1]
    assert sandbox["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_play_and_work_share_nothing_but_the_server() -> None:
    work, play = SERVICES["worker"], SERVICES["sandbox-worker"]

    assert work["environment"]["FOREBAY_REDIS_URL"] != play["environment"]["FOREBAY_REDIS_URL"]
    assert not set(work["volumes"]) & set(play["volumes"])
    # `.env` holds the real key.
    assert "env_file" in work
    assert not [name for name in ("sandbox", "sandbox-worker") if "env_file" in SERVICES[name]]


def test_every_volume_is_declared_and_used() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "$"))
    }

    assert used == set(COMPOSE["volumes"])
