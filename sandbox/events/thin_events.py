"""Holds one event, and gives it its two shapes: thin, as it is listed and pushed, and whole, as it is fetched."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forebay.sandbox.http.callers import ORGANIZATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that an event is about."""

    id: str
    type: str
    url: str

    def shown(self) -> dict[str, str]:
        """Shapes it as `related_object`."""
        return {"id": self.id, "type": self.type, "url": self.url}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEvent:
    """One event. Only id and type are sure to be shown: all else may be absent at Stripe, and by a fault here."""

    id: str = field(default_factory=lambda: f"evt_{secrets.token_hex(14)}")
    type: str
    created_at: datetime
    """By the clock of events, to the millisecond."""
    owner: str
    livemode: bool
    subject: Subject | None
    reason: Mapping[str, Any] | None = None
    whole: Mapping[str, Any] = field(default_factory=dict)
    """What is added when it is fetched by its id: `data`, `changes`."""

    def thin(self) -> dict[str, object]:
        """Shapes it as it is listed and pushed."""
        shown: dict[str, object] = {
            "id": self.id,
            "object": "v2.core.event",
            "type": self.type,
            "created": rfc3339_ms(self.created_at),
            "livemode": self.livemode,
            "reason": self.reason,
        }
        if self.owner != ORGANIZATION:
            shown["context"] = self.owner
        if self.subject:
            shown["related_object"] = self.subject.shown()
        return shown

    def fetched(self) -> dict[str, object]:
        """Shapes it as GET by its id shows it."""
        return {**self.thin(), **self.whole}


def rfc3339_ms(moment: datetime) -> str:
    """Writes a moment as the API does, with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
