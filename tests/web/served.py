"""Runs the application on a real port in a thread, and keeps what it hears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr
from stripe import WebhookSignature

from forebay.config.connections import Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Mode
from forebay.events.refusals import Refusals
from forebay.events.stripe_event import StripeEvent
from forebay.governor.errors import RedisUnavailable
from forebay.web.application import create_application
from forebay.web.inbox import Inbox
from forebay.web.serving import listening, make_server

SECRET, ROLLED = "whsec_of_this_endpoint", "whsec_that_comes_after"
PATH = "/webhooks/stripe/acme"


def connection(name: str, *secrets: str) -> Connection:
    return Connection(
        name=name,
        mode=Mode.TEST,
        cap=100,
        secret=HeldSecret(origin="a test", value=SecretStr("rk_test_1")),
        webhook_secrets=tuple(HeldSecret(origin="a test", value=SecretStr(secret)) for secret in secrets),
    )


@dataclass
class Ear:
    """Stands where the governor does: it keeps what it is told, and can be away."""

    heard: list[tuple[str, StripeEvent]] = field(default_factory=list)
    calls: int = 0
    checks: int = 0
    away: threading.Event = field(default_factory=threading.Event)
    #: Set while it listens; cleared, a call waits.
    attentive: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.attentive.set()

    def hear(self, name: str, events: Sequence[StripeEvent]) -> None:
        self.calls += 1
        assert self.attentive.wait(30)
        if self.away.is_set():
            raise RedisUnavailable("Redis is away")
        self.heard += [(name, event) for event in events]

    def check(self) -> None:
        self.checks += 1
        if self.away.is_set():
            raise RedisUnavailable("Redis is away")

    @property
    def ids(self) -> list[str]:
        return [event.id for _, event in self.heard]


@dataclass
class Served:
    """A receiver at work."""

    url: str
    ear: Ear
    inbox: Inbox
    refusals: Refusals
    client: httpx.Client

    def post(
        self, body: str | bytes, *, signature: str | None = None, path: str = PATH, secret: str = SECRET, age_s: int = 0
    ) -> httpx.Response:
        """Sends as Stripe does, signed by the official client unless told otherwise."""
        if signature is None:
            signature = signed(body if isinstance(body, str) else body.decode("latin-1"), secret=secret, age_s=age_s)
        return self.client.post(path, content=body, headers={"Stripe-Signature": signature})


def signed(body: str, *, secret: str = SECRET, age_s: int = 0) -> str:
    header: str = WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age_s)
    return header


@contextmanager
def served(
    *connections: Connection, room: int = 1_000, monotonic_s: Callable[[], float] = time.monotonic
) -> Iterator[Served]:
    ear = Ear()
    inbox = Inbox(ear.hear, ear.check, room=room)
    refusals = Refusals("webhooks", time.monotonic)
    application = create_application(
        connections or [connection("acme", SECRET)], inbox, refusals, now_s=time.time, monotonic_s=monotonic_s
    )
    ready = threading.Event()
    server = make_server(application, ready.set)
    with inbox.open(), listening("127.0.0.1", 0) as (listener, url):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
        thread.start()
        try:
            assert ready.wait(30)
            with httpx.Client(base_url=url, timeout=30) as client:
                yield Served(url, ear, inbox, refusals, client)
        finally:
            ear.attentive.set()
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
