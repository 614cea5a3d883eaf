"""A key that is rotated while runs are alive: the lane waits, goes on with the new key, and runs nothing twice."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from forebay.config.secrets import SecretRef
from forebay.governor.states import Gate, RunState, Step
from tests.governor.keyspace import pass_time
from tests.worker.conftest import LANE, FileHost, World, query_run, refusal


@dataclass
class Rotating:
    """A Stripe that takes one key at a time, and replays what it has created."""

    host: FileHost
    valid: str
    created: dict[str, str] = field(default_factory=dict)
    """Idempotency key → QueryRun."""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    ended: bool = False

    def handle(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        answer = self._answer(request) if key == self.valid else refusal(401, "api_key_expired")
        self.asked.append((request.method, key, answer.status_code))
        return answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            made = self.created.setdefault(request.headers["Idempotency-Key"], f"qryrun_{len(self.created)}")
            return query_run(id=made)
        made = request.url.path.rsplit("/", 1)[-1]
        return query_run("succeeded", id=made, result=self.host.result()) if self.ended else query_run(id=made)


@pytest.fixture
def key_file(world: World, tmp_path: Path) -> Path:
    """Where the lane's connection finds its key."""
    secret = SecretRef.parse("secret://file/key", folder=tmp_path)
    connection = replace(world.rt.config.connection(), secret=secret)
    world.rt.config = replace(world.rt.config, connections={connection.name: connection})
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text("rk_test_old")
    return file


def test_runs_that_are_alive_go_on_with_the_new_key_and_none_runs_twice(
    world: World, key_file: Path, file_host: FileHost
) -> None:
    stripe = Rotating(file_host, valid="rk_test_old")
    world.handle = stripe.handle  # type: ignore[method-assign]
    world.open(3)
    assert world.step(Step.SUBMIT) == 2

    stripe.valid = "rk_test_new"
    world.step(Step.POLL)
    assert [gate.gate for gate in world.view.lane(LANE).gates] == [Gate.AUTH]
    assert [world.state(index) for index in range(3)] == [RunState.RUNNING, RunState.RUNNING, RunState.WAITING]

    key_file.write_text("rk_test_new")
    stripe.ended = True
    for _ in range(9):
        pass_time(world.rt.redis, 60_000)  # the gate lets a probe through now and then
        for step in (Step.POLL, Step.SUBMIT, Step.DOWNLOAD):
            world.step(step)
    assert [world.state(index) for index in range(3)] == [RunState.LANDED] * 3
    assert sorted(stripe.created.values()) == ["qryrun_0", "qryrun_1", "qryrun_2"]
    assert [method for method, _, status in stripe.asked if method == "POST" and status == 200] == ["POST"] * 3
    refused = [index for index, (_, _, status) in enumerate(stripe.asked) if status == 401]
    assert all(key == "rk_test_new" for _, key, _ in stripe.asked[refused[-1] + 1 :])
    assert world.view.lanes() == [LANE]
