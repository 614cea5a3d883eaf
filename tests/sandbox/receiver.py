"""Receives webhooks: a server on a free port, which keeps what it got and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.http_server import Handler, served


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request, as it came."""

    body: bytes
    headers: dict[str, str]

    @property
    def signature(self) -> str:
        return self.headers["Stripe-Signature"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass(slots=True, kw_only=True)
class Receiver:
    url: str = ""
    got: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Of the next answers; 200 when there is none left."""
    judge: Callable[[Received], int] | None = None
    """Says instead how each is answered, by what it is and by what came before."""
    came: threading.Condition = field(default_factory=threading.Condition)
    held: threading.Event = field(default_factory=threading.Event)
    """Answers wait for it."""

    def __post_init__(self) -> None:
        self.held.set()

    def status(self, received: Received) -> int:
        """Says how the next one is answered."""
        if self.judge:
            return self.judge(received)
        return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int) -> list[Received]:
        """Waits until so many came; fails if there are more."""
        with self.came:
            self.came.wait_for(lambda: len(self.got) >= count, 30)
            assert len(self.got) == count
            return list(self.got)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Hook(Handler):
        def do_POST(self) -> None:
            body = self.sent()
            with receiver.came:
                received = Received(body=body, headers=dict(self.headers))
                status = receiver.status(received)
                receiver.got.append(received)
                receiver.came.notify_all()
            receiver.held.wait(30)
            self.answer(status)

    with served(Hook) as url:
        receiver.url = f"{url}/webhooks"
        try:
            yield receiver
        finally:
            receiver.held.set()
