"""Hears, in this process, what Stripe puts into a queue: `forebay listen`."""

import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.config.load import load_config
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.events.listener import Listener
from forebay.events.sqs import QueueAddress, SqsQueue
from forebay.events.stripe_event import StripeEvent
from forebay.events.waker import Waker
from forebay.governor.contract import EndPath
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import connect, ping
from forebay.worker import logs

log = logging.getLogger(__name__)


def listen(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="sqs://NAME, sqs://ACCOUNT/NAME, or the queue's URL.")],
    connection: options.ConnectionName = None,
) -> int:
    """Hear of QueryRuns through an SQS queue, until it is stopped.

    It needs FOREBAY_REDIS_URL, and AWS credentials and a region as boto3 finds them. Who may write into the queue may
    make Forebay look at runs, and no more.
    """
    settings = Settings()
    config = load_config(settings)
    name = config.connection(connection).name
    address = QueueAddress.parse(queue)
    greet(state_server(settings))
    logs.set_up(settings.log_level, settings.log_format)
    with _until_stopped() as stopping, connect(state_server(settings)) as client, closing(SqsQueue(address)) as opened:
        waker = Waker(client)

        def hear(events: Sequence[StripeEvent]) -> None:
            waker.heard(name, events, path=EndPath.WEBHOOKS)

        log.info("listening to queue %s for connection %s", address.name, name, extra={"event": "listening"})
        Listener(opened, hear, partial(ping, client), stopping=stopping, monotonic_s=time.monotonic).run()
    return Exit.OK


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """Yields what SIGTERM and SIGINT set."""
    stopping = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
