"""Strikes at Stripe's side: answers that are late, lost, refused, wrong or without end, and bodies that break."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.stage import Stage

SHORT = (2.0, 5.0)


def _faults(*faults: dict[str, Any]) -> Strikes:
    def strike(stage: Stage, dice: random.Random) -> AbstractContextManager[None]:
        return stage.stripe.breaking(*[dict(fault) for fault in faults])

    return strike


def _fault(name: str, operation: str | None = None, share: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"name": name, "operation": operation, "probability": share, **more}


@contextmanager
def _outsiders(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Others take most slots of Stripe's cap, and give them back."""
    cast = stage.cast
    with stage.stripe.set(outside_slots=cast.sandbox_cap - dice.randrange(1, cast.cap // 3 + 2)):
        yield


@contextmanager
def _rates(stage: Stage, dice: random.Random) -> Iterator[None]:
    with stage.stripe.set(endpoint_rate_per_s=dice.choice([3, 5, 8])):
        yield


def _kind(name: str, does: str, strike: Strikes, lasts_s: tuple[float, float] = SHORT, *, quick: bool = False) -> Kind:
    return Kind(name=name, subject="stripe", does=does, lasts_s=lasts_s, strike=strike, quick=quick)


REASONS = ("endpoint-rate", "global-rate", "endpoint-concurrency", "global-concurrency")

KINDS = [
    _kind(
        "replies lost",
        "creates are carried out and never answered",
        _faults(_fault("drop_reply", "create", 0.4)),
        quick=True,
    ),
    _kind("requests lost", "connections are cut before anything happens", _faults(_fault("drop_request", None, 0.4))),
    _kind("looks lost", "retrieves are never answered", _faults(_fault("drop_reply", "retrieve", 0.5))),
    _kind("500 before", "500s, and nothing was done", _faults(_fault("server_error", None, 0.6)), quick=True),
    _kind("500 after", "500s to creates that were carried out", _faults(_fault("error_after", "create", 0.5))),
    _kind("503 burst", "every request is a 503", _faults(_fault("server_error", None, 1, status=503))),
    _kind(
        "cap refused",
        "429 of the cap although there is room",
        _faults(_fault("cap_reached", "create", 0.4)),
        quick=True,
    ),
    *(
        _kind(f"429 {reason}", f"429s that say {reason}", _faults(_fault("rate_limited", None, 0.3, reason=reason)))
        for reason in REASONS
    ),
    _kind("429 without a reason", "429s that do not say why", _faults(_fault("rate_limited", None, 0.3))),
    _kind("rates halved", "Stripe takes but a few requests a second", _rates, (4, 8)),
    _kind("outsiders", "others take most slots of the cap", _outsiders, (4, 10)),
    _kind("key refused", "401s for a while", _faults(_fault("unauthorized", None, 0.5)), (2, 4)),
    _kind("access refused", "403s for a while", _faults(_fault("forbidden", None, 0.5)), (2, 4)),
    _kind("slow", "answers come after seconds", _faults(_fault("slow", None, 0.3, delay_s=4)), (4, 8)),
    _kind("runs fail", "Stripe fails queries by a fault of its own", _faults(_fault("fail_run", "run", 0.15))),
    _kind("sizes wrong", "retrieves promise another size", _faults(_fault("wrong_size", "retrieve", 0.4))),
    _kind("URLs expired", "URLs are born expired", _faults(_fault("url_expired", "retrieve", 0.5))),
    _kind("bodies cut", "bodies end in the middle", _faults(_fault("truncated", "download", 0.5)), quick=True),
    _kind("bodies reset", "bodies end by a TCP reset", _faults(_fault("reset", "download", 0.5))),
    _kind("bodies short", "bodies lack their last bytes", _faults(_fault("short_body", "download", 0.5, bytes=40))),
    _kind("bodies corrupt", "a bit is wrong midway", _faults(_fault("corrupt_byte", "download", 0.5)), quick=True),
    *(
        _kind(
            f"URLs expired at {percent} %",
            f"downloads break at {percent} %, and their URLs are refused from then on",
            _faults(_fault("expires_midway", "download", 0.5, percent=percent)),
        )
        for percent in (1, 50, 99)
    ),
    _kind("creates doubled", "each create arrives twice", _faults(_fault("doubled", "create", 0.6))),
    _kind("another run", "retrieves show another run", _faults(_fault("other_run", "retrieve", 0.4))),
    _kind("replies drip", "a byte a second", _faults(_fault("drip", "retrieve", 0.2), _fault("drip", "create", 0.2))),
    _kind("replies endless", "answers go on for ever", _faults(_fault("endless", "retrieve", 0.2)), (2, 3)),
    _kind("replies are bombs", "gzip of zeros without end", _faults(_fault("gzip_bomb", "retrieve", 0.2)), (2, 3)),
    _kind(
        "replies are pages", "200 with HTML", _faults(_fault("html", "retrieve", 0.3), _fault("html", "create", 0.3))
    ),
    _kind("bodies drip", "a byte a second", _faults(_fault("drip", "download", 0.3))),
    _kind("bodies endless", "bodies go on for ever", _faults(_fault("endless", "download", 0.3)), (2, 3)),
    _kind("bodies are bombs", "gzip of zeros without end", _faults(_fault("gzip_bomb", "download", 0.3)), (2, 3)),
    _kind("bodies are pages", "200 with HTML", _faults(_fault("html", "download", 0.5))),
    _kind("files refused", "the file host answers 500", _faults(_fault("download_error", "download", 0.6))),
]
