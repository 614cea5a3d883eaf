"""Holds the Celery app, its three tasks, and the pump that feeds them.

`celery -A forebay.worker worker` finds the app here (in a checkout `-A worker` does, too). It is made on first use, so
that importing a step needs no settings.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "celery":
        from forebay.worker.app import app

        return app
    raise AttributeError(name)
