"""Serves the page and its API, or the webhooks of Stripe, in this process: `forebay web`."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from threading import Event
from typing import Annotated, Any

import typer

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.following.metrics_source import open_metrics
from forebay.cli.output import plain_text
from forebay.cli.user_name import user_name
from forebay.config.api_base import is_loopback
from forebay.config.connections import Config
from forebay.config.document.web_access import WebAccess, load_web_access
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

PAGE_PORT, WEBHOOKS_PORT = 8422, 8421


class Part(StrEnum):
    """What can be served by itself."""

    PAGE = "page"  # for people and programs of ours, with the API
    WEBHOOKS = "webhooks"  # they face the world


def web(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where it listens; 0.0.0.0 is everywhere.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            metavar="N",
            help=f"0 takes a free one and says which. [default: {PAGE_PORT}; of webhooks {WEBHOOKS_PORT}]",
        ),
    ] = None,
    only: Annotated[
        Part,
        typer.Option(
            parser=options.one_of(Part, "no part of it"), metavar="|".join(Part), help="Serve this and nothing else."
        ),
    ] = Part.PAGE,
    *,
    new_password: Annotated[
        bool, options.flag("--new-password", "Ask for a password, and write what the access file keeps of it.")
    ] = False,
    new_token: Annotated[
        bool, options.flag("--new-token", "Make a token, and write it with what the access file keeps of it.")
    ] = False,
) -> int:
    """Serve the page and the HTTP API, until it is stopped.

    With --only webhooks it takes the webhooks of Stripe instead, on an address of their own.

    It needs pip install 'forebay[web]'. Beyond this machine it asks who comes: FOREBAY_WEB_ACCESS (docs/web.md).
    """
    if problem := web_extra.missing():
        raise NotHere(problem, way_out=web_extra.WAY_OUT)
    if new_password and new_token:
        raise ConfigError("a password and a token are made one at a time: leave --new-password or --new-token away")
    if new_password or new_token:
        _make(password=new_password)
        return Exit.OK
    settings = Settings()
    config = load_config(settings)
    if only is Part.WEBHOOKS:
        _check_secrets(config)
        greet(state_server(settings))
        logs.set_up(settings.log_level, settings.log_format)
        _serve_webhooks(settings, config, host, WEBHOOKS_PORT if port is None else port)
    else:
        access = load_web_access(settings.web_access) if settings.web_access else WebAccess()
        _refuse_open_doors(access, host)
        logs.set_up(settings.log_level, settings.log_format)
        _serve_page(settings, config, access, host, PAGE_PORT if port is None else port)
    return Exit.OK


def _make(*, password: bool) -> None:
    from forebay.web.access.passwords import hash_password, hash_token, new_token

    if password:
        plain_text.say(f"password: {hash_password(typer.prompt('password', hide_input=True, err=True))}")
        return
    token = new_token()
    plain_text.say(f"token:  {token}", f"sha256: {hash_token(token)}")


def _refuse_open_doors(access: WebAccess, host: str) -> None:
    """Raises `ConfigError` where strangers could come and nobody would ask who they are."""
    if not access.asks and not is_loopback(host):
        raise ConfigError(
            f"{host} can be reached by others, and nobody would ask who they are: set FOREBAY_WEB_ACCESS (docs/web.md) "
            "or leave --host away; for Stripe's webhooks: forebay web --only webhooks"
        )
    if host in ("0.0.0.0", "::") and not access.hosts:  # noqa: S104 - it is asked for, not done
        raise ConfigError(
            f"{host} is every address, and browsers come by a name: say which under `hosts` in FOREBAY_WEB_ACCESS"
        )


def _check_secrets(config: Config) -> None:
    """Raises `ConfigError` if there is none at all, and `SecretError` if one cannot be read."""
    if not any(connection.signing_secrets() for connection in config.connections.values()):
        raise ConfigError(
            "no connection has the signing secret of a webhook: set FOREBAY_WEBHOOK_SECRETS, with STRIPE_API_KEY or "
            "FOREBAY_MODE, or webhook_secrets of a connection in the spec (docs/events.md)"
        )


def _serve_page(settings: Settings, config: Config, access: WebAccess, host: str, port: int) -> None:
    from forebay.cli.serving.backfills import Backfills
    from forebay.cli.serving.deployment_acts import DeploymentActs
    from forebay.cli.serving.deployment_readings import DeploymentReadings
    from forebay.cli.serving.deployment_work import DeploymentWork
    from forebay.web.access.request_rules import LOOPBACK_NAMES
    from forebay.web.metrics_route import metrics_route
    from forebay.web.page_application import create_page_application

    here, stopping, more = is_loopback(host), Event(), []
    with ExitStack() as stack:
        deployment = stack.enter_context(open_deployment(settings, config))
        if settings.metrics_token:
            source = open_metrics(deployment)
            stack.enter_context(source.ledger.watching())
            more.append(metrics_route(source.text, settings.metrics_token))
        backfills = Backfills(deployment)
        stack.enter_context(backfills.working())
        application = create_page_application(
            DeploymentReadings(deployment),
            DeploymentActs(deployment, backfills.begun),
            DeploymentWork(deployment),
            access,
            hosts=[*access.hosts, host, *(LOOPBACK_NAMES if here else ())],
            here=user_name() if here else None,
            now=lambda: datetime.now(UTC),
            monotonic_s=time.monotonic,
            stopping=stopping.is_set,
            more=more,
        )

        def announce(url: str) -> None:
            plain_text.say(f"listening on {url}")
            if any(connection.webhook_secrets for connection in config.connections.values()):
                plain_text.say("  Stripe's webhooks are taken by another process: forebay web --only webhooks")

        _run(stack, application, host, port, announce, stopping.set)


def _serve_webhooks(settings: Settings, config: Config, host: str, port: int) -> None:
    # What serves is an extra: only a process that does may need it.
    from forebay.web.application import create_application, webhook_path
    from forebay.web.inbox import Inbox

    with ExitStack() as stack:
        client = stack.enter_context(connect(state_server(settings)))
        hear = partial(Waker(client).heard, path=EndPath.WEBHOOKS)
        inbox, refusals = Inbox(hear, partial(ping, client)), Refusals("webhooks", time.monotonic)
        connections = [each for each in config.connections.values() if each.webhook_secrets]
        application = create_application(connections, inbox, refusals, now_s=time.time, monotonic_s=time.monotonic)

        def announce(url: str) -> None:
            plain_text.say(f"listening on {url}")
            for connection in connections:
                plain_text.say(f"  {connection.name}: POST {url}{webhook_path(connection)}")

        stack.enter_context(inbox.open())
        stack.callback(refusals.tell)
        _run(stack, application, host, port, announce)


def _run(
    stack: ExitStack,
    application: Any,
    host: str,
    port: int,
    announce: Callable[[str], None],
    ending: Callable[[], None] = lambda: None,
) -> None:
    """Serves until a signal; tells the URL once requests are accepted, and what has no end by itself to end."""
    from forebay.web.serving import listening, make_server

    try:
        listener, url = stack.enter_context(listening(host, port))
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; --port 0 takes a free port") from None
    make_server(application, partial(announce, url), ending).run(sockets=[listener])
