"""A Stripe that answers creates only when it is told to: a test can let things happen in the midst of one."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.servers.http_server import Handler, served

#: Longer than any test waits.
_AT_MOST_S = 60.0


@dataclass
class HoldingStripe:
    """What it was asked, and whether it answers."""

    url: str = ""
    begun: list[str] = field(default_factory=list)
    """Idempotency keys of the creates that have arrived."""
    answering: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def holding_stripe() -> Iterator[HoldingStripe]:
    """Serves on a free loopback port."""
    stripe = HoldingStripe()

    class Holding(Handler):
        def do_POST(self) -> None:
            self.sent()
            stripe.begun.append(self.headers["Idempotency-Key"])
            stripe.answering.wait(_AT_MOST_S)
            self.answer_json(_running(f"qryrun_{self.headers['Idempotency-Key']}"))

        def do_GET(self) -> None:
            self.answer_json(_running(self.path.rsplit("/", 1)[-1]))

    with served(Holding) as stripe.url:
        try:
            yield stripe
        finally:
            stripe.answering.set()


def _running(query_run: str) -> dict[str, object]:
    return {"id": query_run, "status": "running", "livemode": False}
