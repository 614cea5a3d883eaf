"""Starts what hears webhooks, where a bench has them sent: the command that its users start."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from bench.telling import SECRET, Telling, Way
from tests.servers.receivers import receiver


def webhook_url(port: int) -> str:
    """Says where webhooks go."""
    return f"http://127.0.0.1:{port}/webhooks/stripe/default"


@contextmanager
def hearing(telling: Telling, port: int, folder: Path, env: dict[str, str]) -> Iterator[None]:
    """Hears webhooks while the block lasts, with the settings of its workers; nothing, where there are none."""
    own = {name: value for name, value in env.items() if name.startswith(("FOREBAY_", "STRIPE_"))}
    command = ("web", "--only", "webhooks", "--port", str(port))
    started = receiver(folder, *command, ready="POST", **own, FOREBAY_WEBHOOK_SECRETS=SECRET)
    with started if telling.way is Way.WEBHOOKS else nullcontext():
        yield
