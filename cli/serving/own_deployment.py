"""Opens the deployment of this folder in this process, and answers requests of the API with it: no server in between.

What answers is what `forebay web` serves, so whoever asks sees no difference. Called by `in_process.py`.
"""

from __future__ import annotations

import time
import weakref
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from threading import Lock

import httpx

from forebay.cli.deployment import open_deployment
from forebay.cli.serving.backfills import Backfills
from forebay.cli.serving.deployment_acts import DeploymentActs
from forebay.cli.serving.deployment_readings import DeploymentReadings
from forebay.cli.serving.deployment_work import DeploymentWork
from forebay.cli.serving.problem_statuses import problem_of
from forebay.cli.user_name import user_name
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.web.api.problem_json import problem_json
from forebay.web.api_application import create_api_application


class OwnDeployment:
    """A deployment, opened when it is needed first: the one of FOREBAY_REDIS_URL, or the embedded one."""

    def __init__(self) -> None:
        self._opening = Lock()
        self._answering: httpx.ASGITransport | None = None
        self._leaving = ExitStack()
        # Who forgets to close it leaves it all the same, at the end of the interpreter at the latest.
        self._end = weakref.finalize(self, self._leaving.close)

    def open(self) -> None:
        """Opens it, unless it is open. Raises what opening a deployment raises; then the next call tries again."""
        with self._opening:
            if self._answering:
                return
            settings = Settings()
            deployment = self._leaving.enter_context(open_deployment(settings, load_config(settings)))
            backfills = Backfills(deployment)
            self._leaving.enter_context(backfills.working(at_once=False))
            application = create_api_application(
                DeploymentReadings(deployment),
                DeploymentActs(deployment, backfills.begun),
                DeploymentWork(deployment),
                here=user_name(),
                monotonic_s=time.monotonic,
            )
            self._answering = httpx.ASGITransport(application, raise_app_exceptions=False)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answers a request, once it is open."""
        assert self._answering  # noqa: S101 - who calls opened it
        answer = await self._answering.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def close(self) -> None:
        """Leaves the deployment. Services of this machine end when nothing is unfinished."""
        self._end()


def refusal(error: Exception) -> httpx.Response:
    """Says why it could not be opened, as the API says what goes wrong."""
    problem = problem_of(error)
    # Over a network 503 says that a moment later all may be well; a set-up that is wrong is to be told at once.
    said = problem_json(replace(problem, status=min(problem.status, HTTPStatus.INTERNAL_SERVER_ERROR)))
    return httpx.Response(said.status_code, headers=dict(said.headers), content=bytes(said.body))
