"""Strikes at what Stripe sends by itself (lost, late, forged, …) and at who takes it (killed, stopped, locked out)."""

import random
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.stage import WEBHOOK_SECRET, Stage

LONG = (4.0, 10.0)


def _faults(*faults: tuple[str, float], **more: Any) -> Strikes:
    def strike(stage: Stage, dice: random.Random) -> AbstractContextManager[None]:
        return stage.stripe.breaking(*({"name": name, "probability": share, **more} for name, share in faults))

    return strike


def _fault(name: str, share: float = 0.5, **more: Any) -> Strikes:
    return _faults((name, share), **more)


def _signed_with(*secrets: str) -> Strikes:
    @contextmanager
    def strike(stage: Stage, dice: random.Random) -> Iterator[None]:
        stage.stripe.sign_with(*secrets)
        try:
            yield
        finally:
            stage.stripe.sign_with(WEBHOOK_SECRET)

    return strike


@contextmanager
def _receiver_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    for receiver in stage.receivers:
        receiver.send(signal.SIGKILL, ends_it=True)
    yield


@contextmanager
def _receiver_stopped(stage: Stage, dice: random.Random) -> Iterator[None]:
    for receiver in stage.receivers:
        receiver.send(signal.SIGSTOP, ends_it=False)
    try:
        yield
    finally:
        for receiver in stage.receivers:
            receiver.send(signal.SIGCONT, ends_it=False)


def _kind(name: str, does: str, strike: Strikes, lasts_s: tuple[float, float] = LONG, *, quick: bool = False) -> Kind:
    return Kind(name=name, subject="webhooks", does=does, lasts_s=lasts_s, strike=strike, quick=quick)


KINDS = [
    _kind("webhooks lost", "half of the webhooks are never sent", _fault("webhook_lost"), quick=True),
    _kind("webhooks late", "half of the webhooks come 15 s later", _fault("webhook_late", delay_s=15)),
    _kind("webhooks doubled", "webhooks are sent twice", _fault("webhook_doubled")),
    _kind("webhooks replayed", "the same bytes come again after 3 s", _fault("webhook_replayed", delay_s=3)),
    _kind("webhooks forged", "somebody without the secret says that runs ended", _fault("webhook_forged"), quick=True),
    _kind("webhooks tampered", "signatures are of another body", _fault("webhook_tampered")),
    _kind("webhooks stale", "webhooks were signed ten minutes ago", _fault("webhook_stale")),
    _kind("webhooks ahead", "webhooks are signed ten minutes ahead", _fault("webhook_future")),
    _kind("webhooks nonsense", "what is signed is no event", _fault("webhook_nonsense")),
    _kind("webhooks oversized", "bodies of 2 MiB", _fault("webhook_oversized", 0.2)),
    _kind(
        "webhooks in a storm",
        "lost, doubled, overtaken, forged, stale, nonsense and oversized at once",
        _faults(
            ("webhook_lost", 0.2), ("webhook_doubled", 0.1), ("webhook_late", 0.2), ("webhook_replayed", 0.1),
            ("webhook_forged", 0.2), ("webhook_tampered", 0.1), ("webhook_stale", 0.1), ("webhook_future", 0.1),
            ("webhook_nonsense", 0.1), ("webhook_oversized", 0.05), delay_s=4,
        ),
    ),
    _kind("secret rolled", "Stripe signs with a new secret, too", _signed_with("whsec_new", WEBHOOK_SECRET)),
    _kind("secret lost", "Stripe signs with a secret that nobody knows", _signed_with("whsec_new")),
    _kind("receiver killed", "SIGKILL of who takes webhooks", _receiver_killed, (0.0, 0.0)),
    _kind("receiver stopped", "SIGSTOP of who takes webhooks, then SIGCONT", _receiver_stopped, (5.0, 20.0)),
]  # fmt: skip
