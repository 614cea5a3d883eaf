"""A deployment's page, served over the ledger and the Valkey that commands of the same test work with."""

from collections.abc import Iterator

import httpx
import pytest
import redis

from forebay.cli.deployment import open_deployment
from forebay.cli.serving.deployment_acts import DeploymentActs
from forebay.cli.serving.deployment_readings import DeploymentReadings
from forebay.config.settings import Settings
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
        page_served(DeploymentReadings(deployment), acts=DeploymentActs(deployment), monotonic_s=_EachTime()) as client,
    ):
        yield client
