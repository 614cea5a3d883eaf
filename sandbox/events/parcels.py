"""Packs what a webhook is sent: the event and its signature, or what an attacker or an accident makes of them."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from types import MappingProxyType

from forebay.sandbox.events.signing import signature_header
from forebay.sandbox.events.thin_events import SandboxEvent
from forebay.sandbox.events.wrapping import wrap
from forebay.sandbox.faults import Fault, FaultName
from forebay.sandbox.setting_choices import Envelope

#: Well beyond what any event has.
OVERSIZED_BYTES = 2 << 20
#: Bodies that are signed as they must be, and are no events.
NONSENSE = (b"", b"{", b"[]", b"null", b'"v2.core.event"', b"{}", b'{"id": 1, "type": []}', b"\xff\xfe", b"[" * 100_000)

#: What is sent beside an event, and never again where it is refused: nobody at Stripe sent it.
HOSTILE: Mapping[FaultName, str] = MappingProxyType(
    {
        FaultName.WEBHOOK_FORGED: "forged",
        FaultName.WEBHOOK_STALE: "stale",
        FaultName.WEBHOOK_FUTURE: "future",
        FaultName.WEBHOOK_TAMPERED: "tampered",
        FaultName.WEBHOOK_NONSENSE: "nonsense",
        FaultName.WEBHOOK_OVERSIZED: "oversized",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request of a webhook, ready to be sent."""

    kind: str
    """As it is counted."""
    body: bytes
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postage:
    """What Stripe would put on a parcel in this moment."""

    secrets: Sequence[str]
    now_s: int
    """Unix time."""
    envelope: Envelope


def pack(kind: str, event: SandboxEvent, postage: Postage) -> Parcel:
    """Packs an event as Stripe sends it."""
    return _signed(kind, _body(event, postage), postage)


def pack_hostile(fault: Fault, event: SandboxEvent, postage: Postage, *, dice: random.Random) -> Parcel:
    """Packs what a fault sends beside an event."""
    kind, body = HOSTILE[fault.name], _body(event, postage)
    invented = _body(_lie(event), postage)
    skew_s = round(fault.skew_s)
    match fault.name:
        case FaultName.WEBHOOK_FORGED:
            return _signed(kind, invented, replace(postage, secrets=["whsec_of_somebody_else"]))
        case FaultName.WEBHOOK_TAMPERED:
            return replace(_signed(kind, body, postage), body=invented)
        case FaultName.WEBHOOK_STALE:
            return _signed(kind, body, replace(postage, now_s=postage.now_s - skew_s))
        case FaultName.WEBHOOK_FUTURE:
            return _signed(kind, body, replace(postage, now_s=postage.now_s + skew_s))
        case FaultName.WEBHOOK_OVERSIZED:
            return _signed(kind, body + b" " * OVERSIZED_BYTES, postage)
        case _:
            return _signed(kind, dice.choice(NONSENSE), postage)


def _lie(event: SandboxEvent) -> SandboxEvent:
    """Says of the same object that it succeeded, which is false of a run that was just created."""
    return replace(event, id=f"evt_{token_hex(14)}", type=f"{event.type.rpartition('.')[0]}.succeeded", reason=None)


def _signed(kind: str, body: bytes, postage: Postage) -> Parcel:
    return Parcel(kind=kind, body=body, signature=signature_header(body, postage.secrets, postage.now_s))


def _body(event: SandboxEvent, postage: Postage) -> bytes:
    return json.dumps(wrap(event.thin(), postage.envelope)).encode()
