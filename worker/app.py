"""Composition root of a worker process: settings in, Celery app out.

The tasks are one line each; the work is in `steps/`. Their messages are hints: what is true is in Redis, and a
message that is lost, doubled or late does no harm (docs/architecture.md).
"""

import os
from functools import cache
from urllib.request import getproxies

from celery import Celery, signals
from kombu import Exchange, Queue

from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.redis_client import check_server, connect
from forebay.governor.states import Step
from forebay.landing.formats.format import Limits
from forebay.store.ledger import Ledger
from forebay.store.open import Stores
from forebay.store.s3 import S3Options
from forebay.worker import broker, logs
from forebay.worker.bootstep import PumpStep
from forebay.worker.runtime import Runtime
from forebay.worker.steps.carry_out import carry_out

broker.forget_other_apps(os.environ)
settings = Settings()
app = Celery("forebay", broker=broker.url(settings))
app.conf.update(broker.celery_settings(settings))
# Each with an exchange of its own: on a shared one every queue would get every message.
app.conf.task_queues = [Queue(step.value, Exchange(step.value), routing_key=step.value) for step in Step]
app.conf.task_default_queue = Step.SUBMIT.value
app.conf.task_routes = {f"forebay.{step}": {"queue": step.value} for step in Step}
app.steps["worker"].add(PumpStep)
# By its path, as Celery names its own steps: the worker's folder does not know the scheduler's.
app.steps["worker"].add("forebay.scheduler.closing.closer:CloserStep")


@cache
def runtime() -> Runtime:
    """This process's runtime. Raises `ConfigError`, `RedisUnavailable` or `RedisUnsuitable`."""
    client = connect(broker.state_url(settings))
    check_server(client)
    stores = Stores(s3=S3Options(endpoint=settings.s3_endpoint, region=settings.s3_region))
    return Runtime(
        config=load_config(settings),
        redis=client,
        ledger=Ledger(stores.open(settings.ledger)),
        open_store=stores.open,
        limits=Limits(large_csv_bytes=settings.large_csv_bytes),
        express_bytes=settings.express_bytes,
        proxy=getproxies().get("https"),
    )


@app.task(name="forebay.submit")
def submit(lane: str, runs: list[tuple[str, int]]) -> None:
    carry_out(runtime(), Step.SUBMIT, lane, runs)


@app.task(name="forebay.poll")
def poll(lane: str, runs: list[tuple[str, int]]) -> None:
    carry_out(runtime(), Step.POLL, lane, runs)


@app.task(name="forebay.download")
def download(lane: str, runs: list[tuple[str, int]]) -> None:
    carry_out(runtime(), Step.DOWNLOAD, lane, runs)


@signals.setup_logging.connect
def _set_up_logging(loglevel: int | str | None = None, **_: object) -> None:
    logs.set_up(loglevel)


@signals.worker_shutting_down.connect
def _hand_long_steps_back(**_: object) -> None:
    runtime().stopping.set()
