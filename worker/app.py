"""Composes a worker process: settings in, Celery app out.

The tasks are one line each: they hand their runs over to the process's threads (`step_threads.py`), and the work is in
`steps/`. Their messages are hints: what is true is in Redis, and a message that is lost, doubled or late does no harm
(docs/architecture.md).
"""

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from urllib.request import getproxies

from celery import signals

from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.log_choices import LogLevel
from forebay.config.redis_urls import state_server
from forebay.config.same_key import check_keys_differ
from forebay.config.settings import Settings
from forebay.governor.contract import Claimed
from forebay.governor.errors import WritesRefused
from forebay.governor.first_contact import greet
from forebay.governor.server_checks import check_server
from forebay.governor.states import Step
from forebay.runtime.health_files import HealthFiles
from forebay.runtime.open_runtime import one_ledger, open_runtime
from forebay.runtime.runtime import Runtime
from forebay.store.errors import StoreError
from forebay.worker import logs
from forebay.worker.bootsteps import CloserStep, HostWatchStep, PumpStep, StepThreadsStep, SweeperStep
from forebay.worker.celery_app import WorkerApp, forget_other_apps
from forebay.worker.hub_waker import HubWakerStep
from forebay.worker.shutdown import SHUTDOWN_S, end_within
from forebay.worker.steps.carry_out import carry_out
from forebay.worker.steps.sweep_step import Sweeps
from forebay.worker.steps.turn import Turn
from forebay.worker.task_names import SWEEP_TASK, task_name

log = logging.getLogger(__name__)

forget_other_apps(os.environ)
settings = Settings()


@cache
def runtime() -> Runtime:
    """Opens this process's runtime. Raises `ConfigError` and `GovernorError`."""
    config = load_config(settings)
    check_keys_differ(config.connections.values())
    greet(state_server(settings))
    opened = open_runtime(settings, config=config, proxies=getproxies)
    opened.health = HealthFiles.begun(settings.health_dir, opened.monotonic_s)
    try:
        check_server(opened.redis)
    except WritesRefused as error:
        log.warning("waiting: %s", error, extra={"event": "writes_refused"})  # the pump goes on once there is room
    try:
        one_ledger(settings, opened).claim()
    except (StoreError, WritesRefused) as error:
        log.warning("waiting: %s", error, extra={"event": "ledger_unread"})  # the pump asks again
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        opened.traced = _tracing()
    return opened


def _tracing() -> Callable[[Step, Turn], AbstractContextManager[None]]:
    """Gives what traces steps. Raises ConfigError where the extra is not installed."""
    try:
        # Nobody else may pay for it: it is some forty modules.
        from forebay.worker.tracing import open_tracing
    except ImportError as error:
        raise ConfigError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, which need {error.name}: pip install 'forebay[otel]'"
        ) from None
    return open_tracing().step


app = WorkerApp(settings, runtime)
app.steps["worker"] |= {HubWakerStep, StepThreadsStep, PumpStep, CloserStep, SweeperStep, HostWatchStep}


@app.task(name=task_name(Step.SUBMIT))
def submit(lane: str, runs: list[tuple[str, int]]) -> None:
    """Submits runs that are due for it."""
    _hand_over(Step.SUBMIT, lane, runs)


@app.task(name=task_name(Step.POLL))
def poll(lane: str, runs: list[tuple[str, int]]) -> None:
    """Polls runs that are due for it."""
    _hand_over(Step.POLL, lane, runs)


@app.task(name=task_name(Step.DOWNLOAD))
def download(lane: str, runs: list[tuple[str, int]]) -> None:
    """Downloads the results of runs that are due for it."""
    _hand_over(Step.DOWNLOAD, lane, runs)


def _hand_over(step: Step, lane: str, runs: Sequence[tuple[str, int]]) -> None:
    claimed = [Claimed(*run) for run in runs]
    begun = app.step_threads.take([partial(carry_out, runtime(), step, lane, [each]) for each in claimed])
    if begun < len(claimed):
        runtime().publish_again(step, lane, claimed[begun:])


@cache
def _sweeps() -> Sweeps:
    return Sweeps(runtime())


@app.task(name=SWEEP_TASK)
def sweep(lane: str, runs: list[tuple[str, int]]) -> None:
    """Asks for the events of a lane: of its message only the fence counts."""
    app.step_threads.take([partial(_sweeps().sweep, lane, fence) for _, fence in runs])


@signals.setup_logging.connect
def _set_up_logging(loglevel: int | None = None, **_: object) -> None:
    logs.set_up(settings.log_level or LogLevel.of(loglevel), settings.log_format)


@signals.worker_shutting_down.connect
def _hand_long_steps_back(**_: object) -> None:
    opened = runtime()
    opened.stopping.set()
    end_within(SHUTDOWN_S, opened.under_way.silent)
