"""A Stripe for the world of the worker's steps that ends each query as a test says, by its SQL."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from forebay.governor.states import Step
from tests.worker.conftest import Answer, FileHost, World, query_run

CREATED = "2026-03-12T06:00:00.000Z"

#: From SQL to the code of a failure; None: it succeeds.
Judge = Callable[[str], str | None]


class _Endless(list[Answer]):
    """However often it is asked; and nothing that was not asked for is left."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def pop(self, _: object = -1) -> Answer:
        return self._answer


@dataclass
class Stripe:
    """Every query is created once, and has ended at the first look."""

    world: World
    host: FileHost
    judge: Judge
    created: list[str] = field(default_factory=list)

    def run_everything(self) -> None:
        """Carries out steps until nothing is due any more."""
        while any(self._step(step) for step in Step):
            pass

    def _step(self, step: Step) -> int:
        self.world.answers = _Endless(self._answer)
        return self.world.step(step)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.created.append(json.loads(request.content)["sql"])
            return query_run(id=f"qryrun_{len(self.created) - 1}")
        number = int(request.url.path.rpartition("_")[2])
        if code := self.judge(self.created[number]):
            details = {"failed": {"error_code": code, "error_message": "It broke."}}
            return query_run("failed", id=f"qryrun_{number}", status_details=details)
        return query_run("succeeded", id=f"qryrun_{number}", created=CREATED, result=self.host.result())
