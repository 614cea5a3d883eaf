"""`forebay worker`: a Celery worker of our app with the flags that it needs, in this process."""

import socket
from typing import Annotated

import typer

from forebay.cli.exits import Exit
from forebay.config.settings import Settings
from forebay.governor import keys
from forebay.governor.redis_client import connect
from forebay.governor.states import Step
from forebay.worker.broker import state_url

CONCURRENCY = 16


def worker(
    queues: Annotated[str, typer.Option(help="Which steps it takes: submit, poll, download; with commas.")] = ",".join(
        Step
    ),
    concurrency: Annotated[int, typer.Option(min=1, help="Steps at a time; each is a thread.")] = CONCURRENCY,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say whether a worker of this host is alive.")] = False,
) -> int:
    """Run a worker of a deployment (needs FOREBAY_REDIS_URL)."""
    unknown = set(queues.split(",")) - set(Step)
    if unknown:
        raise typer.BadParameter(f"there is no queue {', '.join(sorted(unknown))!r}; known are {', '.join(Step)}")
    if check:
        return _check()
    serve(queues, concurrency)
    return Exit.OK


def _check() -> int:
    node = socket.gethostname()
    with connect(state_url(Settings())) as client:
        if client.exists(keys.alive(node)):
            typer.echo(f"a worker of {node} is alive")
            return Exit.OK
    typer.echo(f"no worker of {node} has been alive in the last seconds; its log says why", err=True)
    return Exit.SOME_FAILED


def serve(queues: str, concurrency: int) -> None:
    """Becomes the worker; returns after its warm shutdown."""
    # Reads settings and makes the Celery app: only a process that becomes a worker may pay for that.
    from forebay.worker.app import app, runtime

    runtime()  # what is wrong with the set-up is one sentence here, and a traceback in the midst of Celery's start
    role = queues.replace(",", "-")
    app.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--queues={queues}",
            f"--concurrency={concurrency}",
            f"--hostname={role}@%h",
            "--loglevel=INFO",
            # Workers of ours learn everything from Redis, nothing from each other.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
