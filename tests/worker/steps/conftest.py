"""Runs on their way to a result that lands."""

import json

import pytest

from forebay.governor.states import Step
from tests.worker.conftest import World, query_run


@pytest.fixture
def running(world: World) -> World:
    world.open()
    world.step(Step.SUBMIT, query_run())
    return world


@pytest.fixture
def ready(running: World) -> World:
    """Its result is not small, so a step of its own lands it."""
    running.rt.express_bytes = 0
    running.step(Step.POLL, query_run("succeeded"))
    return running


def landed(world: World) -> list[str]:
    return sorted(path.name for path in world.destination.rglob("*") if path.is_file())


def manifest(world: World) -> dict[str, object]:
    (path,) = world.destination.rglob("*.manifest.json")
    read: dict[str, object] = json.loads(path.read_text())
    return read
