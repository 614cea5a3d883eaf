"""Says how Forebay is told of ends in a bench: not at all, by Stripe's list of events, or by webhooks. Pure values."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

#: Of both ways beside each other the list is the slower one, by what is known of Stripe.
LISTED_AFTER_S = 1.0
SECRET = "whsec_of_the_bench"  # noqa: S105 # of a sandbox that lives for minutes


class Way(StrEnum):
    """Who says that a run ended."""

    LOOKS = "looks"  # nobody: the key may not list events
    EVENTS = "events"  # the list of events
    WEBHOOKS = "webhooks"  # webhooks, and the list beside them


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How Forebay is told, and how badly."""

    way: Way = Way.EVENTS
    delay_s: float = LISTED_AFTER_S
    """From an end to its event."""
    missing: float = 0.0
    """The share of events that are never made."""
    late: float = 0.0
    """The share of events that come `late_s` later than the others."""
    late_s: float = 0.0

    @classmethod
    def parse(cls, text: str, *, missing: float = 0.0, late: float = 0.0, late_s: float = 0.0) -> Self:
        """Reads `looks`, `events:SECONDS` or `webhooks:SECONDS`. Raises ValueError."""
        name, colon, seconds = text.strip().partition(":")
        way = Way(name)
        if (way is Way.LOOKS) == bool(colon):
            raise ValueError("looks, events:SECONDS or webhooks:SECONDS")
        if way is Way.LOOKS:
            return cls(way=way, delay_s=0.0)
        return cls(way=way, delay_s=float(seconds), missing=missing, late=late, late_s=late_s)

    @property
    def label(self) -> str:
        """Names it in a table."""
        if self.way is Way.LOOKS:
            return "looks alone"
        parts = [f"{self.way} at {self.delay_s:g} s"]
        if self.missing:
            parts.append(f"{self.missing:.0%} missing")
        if self.late:
            parts.append(f"{self.late:.0%} {self.late_s:g} s later")
        return ", ".join(parts)

    def sandbox_options(self, webhook_url: str) -> list[str]:
        """Tells the sandbox of it."""
        if self.way is Way.LOOKS:
            return ["--events", "forbidden"]
        options = ["--faults", json.dumps(self._faults())] if self._faults() else []
        if self.way is Way.EVENTS:
            return [*options, "--event-delay", f"fixed:{self.delay_s:g}"]
        listed_s = max(self.delay_s, LISTED_AFTER_S)
        sent = ["--webhook", webhook_url, "--webhook-secrets", SECRET, "--webhook-delay", f"fixed:{self.delay_s:g}"]
        return [*options, *sent, "--event-delay", f"fixed:{listed_s:g}"]

    def _faults(self) -> list[dict[str, object]]:
        faults: list[dict[str, object]] = []
        if self.missing:
            faults.append({"name": "event_missing", "probability": self.missing})
        if self.late:
            faults.append({"name": "event_late", "probability": self.late, "delay_s": self.late_s})
        return faults

    def ceiling(self, mean_s: float, *, looking: float) -> float:
        """Says what share of the slots nobody can pass who is told so, and does nothing else.

        A slot is held for the run and for as long as nobody can know of its end. `looking` is what looks alone reach.
        """
        return looking if self.way is Way.LOOKS else mean_s / (mean_s + self.delay_s)
