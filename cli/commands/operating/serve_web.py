"""Serves the webhooks of Stripe in this process: `forebay web`."""

import time
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.output import plain_text
from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.events.refusals import Refusals
from forebay.events.waker import Waker
from forebay.governor.contract import EndPath
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import connect, ping
from forebay.web import web_extra
from forebay.worker import logs


class Part(StrEnum):
    """What can be served by itself."""

    WEBHOOKS = "webhooks"  # they face the world


def web(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where it listens; 0.0.0.0 is everywhere.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, metavar="N", help="0 takes a free one and says which.")
    ] = 8421,
    only: Annotated[
        Part | None,
        typer.Option(
            parser=options.one_of(Part, "no part of it"), metavar="|".join(Part), help="Serve this and nothing else."
        ),
    ] = None,
) -> int:
    """Serve the webhooks of Stripe, until it is stopped.

    It needs FOREBAY_REDIS_URL, a signing secret, and pip install 'forebay[web]'.
    """
    del only  # there is nothing else yet
    if problem := web_extra.missing():
        raise NotHere(problem, way_out=web_extra.WAY_OUT)
    settings = Settings()
    config = load_config(settings)
    _check_secrets(config)
    greet(state_server(settings))
    logs.set_up("INFO")
    _serve(settings, config, host, port)
    return Exit.OK


def _check_secrets(config: Config) -> None:
    """Raises `ConfigError` if there is none at all, and `SecretError` if one cannot be read."""
    if not any(connection.signing_secrets() for connection in config.connections.values()):
        raise ConfigError(
            "no connection has the signing secret of a webhook: set FOREBAY_WEBHOOK_SECRETS, with STRIPE_API_KEY or "
            "FOREBAY_MODE, or webhook_secrets of a connection in the spec (docs/events.md)"
        )


def _serve(settings: Settings, config: Config, host: str, port: int) -> None:
    # What serves is an extra: only a process that does may need it.
    from forebay.web.application import create_application, webhook_path
    from forebay.web.inbox import Inbox
    from forebay.web.serving import listening, make_server

    with ExitStack() as stack:
        try:
            listener, url = stack.enter_context(listening(host, port))
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; --port 0 takes a free port") from None
        client = stack.enter_context(connect(state_server(settings)))
        hear = partial(Waker(client).heard, path=EndPath.WEBHOOKS)
        inbox, refusals = Inbox(hear, partial(ping, client)), Refusals("webhooks", time.monotonic)
        connections = [each for each in config.connections.values() if each.webhook_secrets]
        application = create_application(connections, inbox, refusals, now_s=time.time, monotonic_s=time.monotonic)

        def announce() -> None:
            plain_text.say(f"listening on {url}")
            for connection in connections:
                plain_text.say(f"  {connection.name}: POST {url}{webhook_path(connection)}")

        stack.enter_context(inbox.open())
        stack.callback(refusals.tell)
        make_server(application, announce).run(sockets=[listener])
