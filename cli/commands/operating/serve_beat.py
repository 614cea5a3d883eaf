"""Runs Celery's beat with our scheduler in this process: `forebay beat`."""

import socket
from typing import Annotated

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.output import plain_text
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import connect


def beat(
    *,
    check: Annotated[bool, options.flag("--check", "Only say whether a beat of this host is alive.")] = False,
) -> int:
    """Run the spec's extracts by their schedules, until it is stopped.

    It needs FOREBAY_REDIS_URL and workers. As many as one likes may run at once. The same as:
    celery -A forebay.worker beat -S forebay.scheduler.beat:Scheduler
    """
    if check:
        return _check()
    # Reads settings and makes the Celery app: only a process that becomes a beat may pay for that.
    from forebay.scheduler.beat import Scheduler, opened
    from forebay.worker.app import app

    opened()  # what is wrong with the set-up is one sentence here
    # The class itself: its name would be an import that nobody sees. Celery takes both; what knows its types does not.
    app.Beat(scheduler_cls=Scheduler, loglevel="INFO", quiet=True).run()  # type: ignore[arg-type]
    return Exit.OK


def _check() -> int:
    from forebay.scheduler.beat import node

    name = node(socket.gethostname())
    server = state_server(Settings())
    greet(server)
    with connect(server) as client:
        if Heartbeats(client).is_alive(name):
            plain_text.say(f"{name} is alive")
            return Exit.OK
    plain_text.remark(f"{name} has not been alive in the last minutes; its log says why")
    return Exit.SOME_FAILED
