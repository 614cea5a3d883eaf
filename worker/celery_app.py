"""Sets up Celery on Redis as we use it: each setting with what happened without it.

Measured in docs/architecture.md, "Celery on Redis".
"""

from collections.abc import Callable, MutableMapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from forebay.config.redis_server import RedisServer
from forebay.config.redis_urls import broker_server
from forebay.config.settings import Settings
from forebay.governor.keys import BROKER_PREFIX
from forebay.governor.states import Step
from forebay.runtime.runtime import Runtime
from forebay.worker.hints import HEALTH_CHECK_S, HintTransport
from forebay.worker.inline_task import InlineTask
from forebay.worker.step_threads import StepThreads
from forebay.worker.task_names import STEP_OF_TASK
from forebay.worker.worker_service import WorkerService

#: Celery lets these win over an app's own settings. Some other app's broker in the environment would part workers from
#: their messages; and a result backend would be given what nobody reads.
FOREIGN = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND")


class WorkerApp(Celery):
    """Our Celery app. What its process works with hangs on it, since Celery makes bootsteps and hands them the app."""

    def __init__(self, settings: Settings, runtime: Callable[[], Runtime], **options: Any) -> None:
        """Takes `runtime`, which opens it when first called, and gives the same one from then on."""
        server = broker_server(settings)
        # Our transport is given the server; a URL is only what makes Celery ask for one.
        super().__init__("forebay", broker="redis://", task_cls=InlineTask, **options)
        self.settings = settings
        self.runtime = runtime
        self.broker_server = replace(server, client_name="forebay-worker")
        self.step_threads = StepThreads()
        self.conf.update(_conf(self.broker_server, self.step_threads.has_room))

    @cached_property
    def Worker(self) -> Any:  # noqa: N802  # Celery's name
        """Gives the class of what `celery worker` runs."""
        return self.subclass_with_self(WorkerService, name="Worker")


def forget_other_apps(environment: MutableMapping[str, str]) -> None:
    """Takes out of this process's environment what Celery would prefer to our settings."""
    for name in FOREIGN:
        environment.pop(name, None)


def _conf(server: RedisServer, has_room: Callable[[], bool]) -> dict[str, Any]:
    return {
        # Each with an exchange of its own: on a shared one every queue would get every message.
        "task_queues": [Queue(step.value, Exchange(step.value), routing_key=step.value) for step in Step],
        "task_default_queue": Step.SUBMIT.value,
        "task_routes": {task: {"queue": step.value} for task, step in STEP_OF_TASK.items()},
        "broker_transport": HintTransport,
        "broker_transport_options": {
            # Ours beside the lanes on one server: a prefix of its own keeps them apart.
            "global_keyprefix": BROKER_PREFIX,
            "server": server,
            # No process takes more than it has threads for: behind a long download it would wait, and another process
            # is idle. Asked of the threads, since a task ends before its runs do.
            "has_room": has_room,
            "health_check_interval": HEALTH_CHECK_S,
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A primary that was demoted answers READONLY: reconnect, do not die.
        "broker_channel_error_retry": True,
        # Nothing is read from results, and each would cost six commands and a key.
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_disable_rate_limits": True,
        "worker_send_task_events": False,
        # Whoever reaches Redis could end all workers with one broadcast, and its connection broke with each restart.
        "worker_enable_remote_control": False,
        "beat_enable_remote_control": False,
        # How many threads of ours carry out steps (`step_threads.py`).
        "worker_concurrency": 16,
        "enable_utc": True,
    }
