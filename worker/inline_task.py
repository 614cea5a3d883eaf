"""Calls a task where its message was read, at once: all that our tasks do is to hand runs over to threads.

What Celery does around a task, a request, a trace, signals, a result, an acknowledgement, costs as much as a step's own
work, and nothing of ours looks at it. Each task names its strategy, which is Celery's way to have it otherwise.
"""

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery, Task

from forebay.worker.hints import ARGUMENTS

log = logging.getLogger(__name__)


def _calling(task: Any, app: Celery, consumer: Any) -> Callable[..., None]:  # noqa: ARG001  # Celery's signature
    def take(message: Any, *_: object) -> None:
        message.ack()
        try:
            task.run(*message.headers[ARGUMENTS])
        except Exception:
            log.exception("a message was not taken, which is a bug", extra={"event": "bug"})

    return take


class InlineTask(Task):  # type: ignore[type-arg]  # it has none when it runs
    """A task that is over when its message has been read."""

    abstract = True
    Strategy = staticmethod(_calling)  # type: ignore[assignment]  # a name, says its stub
