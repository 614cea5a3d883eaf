"""A deployment's page, served over the ledger and the Valkey that commands of the same test work with."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from pydantic import ValidationError

from forebay.cli.deployment import open_deployment
from forebay.cli.serving.deployment_acts import DeploymentActs
from forebay.cli.serving.deployment_readings import DeploymentReadings
from forebay.cli.serving.deployment_work import DeploymentWork
from forebay.config.settings import Settings
from forebay.web.api.operations.operations import OPERATIONS
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand
from tests.web.page_served import page_served


class _EachTime:
    """A clock on which no answer is given out twice."""

    now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1_000
        return self.now_s


@pytest.fixture
def page(deployed: redis.Redis) -> Iterator[httpx.Client]:
    """Its client; what it reads is never older than the request."""
    with (
        open_deployment(Settings()) as deployment,
        page_served(
            DeploymentReadings(deployment),
            acts=DeploymentActs(deployment),
            work=DeploymentWork(deployment),
            monotonic_s=_EachTime(),
        ) as client,
    ):
        yield client


@pytest.fixture
def why_it_failed() -> str:
    """Gives what Stripe says of the run of `batch` that failed."""
    return "line 3:8: Column 'custmer' cannot be resolved"


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay, why_it_failed: str) -> str:
    """Submits three runs: one failed of its text, one is at Stripe, one waits."""
    said = forebay("submit", *queries, "--cap", "1")
    assert said.code == 0, said.err
    hand = Hand(deployed)
    hand.fail(hand.begin_one(), why_it_failed)
    hand.begin_one()
    return said.out.strip()


def ask(page: httpx.Client, path: str) -> Any:
    """Asks the API, and gives what it answers."""
    answer = page.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    conforms("GET", path, answer.json())
    return answer.json()


def conforms(method: str, path: str, said: Any) -> None:
    """Holds an answer against what the OpenAPI document says of it."""
    (operation,) = (each for each in OPERATIONS if each.method == method and _leads_to(each.path, path))
    for number, model in enumerate(operation.answers, start=1):
        try:
            model.model_validate(said)
            return
        except ValidationError:
            if number == len(operation.answers):
                raise


def _leads_to(template: str, path: str) -> bool:
    return bool(re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path.partition("?")[0]))
