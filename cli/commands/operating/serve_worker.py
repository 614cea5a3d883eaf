"""Runs a worker of a deployment in this process, or asks whether one is alive: `forebay worker`."""

import socket
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.become_worker import CONCURRENCY, become_worker
from forebay.cli.exits import Exit
from forebay.cli.output import plain_text
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import check_writes, connect
from forebay.governor.states import Step


def worker(
    queues: Annotated[str, typer.Option(metavar="NAMES", help="Which steps it takes, with commas.")] = ",".join(Step),
    concurrency: Annotated[
        int, typer.Option(min=1, metavar="N", help="Steps at a time; each is a thread.")
    ] = CONCURRENCY,
    *,
    check: Annotated[bool, options.flag("--check", "Only say whether a worker of this host is alive.")] = False,
) -> int:
    """Run a worker of a deployment, until it is stopped.

    It needs FOREBAY_REDIS_URL.
    """
    unknown = set(queues.split(",")) - set(Step)
    if unknown:
        raise typer.BadParameter(f"there is no queue {', '.join(sorted(unknown))!r}; known are {', '.join(Step)}")
    if check:
        return _check()
    return become_worker(queues, concurrency)


def _check() -> int:
    node = socket.gethostname()
    server = state_server(Settings())
    greet(server)
    with connect(server) as client:
        heartbeats = Heartbeats(client)
        trouble = heartbeats.trouble(node)
        if trouble:
            plain_text.remark(f"a worker of {node} lives and does not work: {trouble}")
            return Exit.SOME_FAILED
        if heartbeats.is_alive(node):
            plain_text.say(f"a worker of {node} is alive")
            return Exit.OK
        check_writes(client)  # raises why none can be
    plain_text.remark(f"no worker of {node} has been alive in the last seconds; its log says why")
    return Exit.SOME_FAILED
