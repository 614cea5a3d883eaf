"""Says how a state looks: one of six tones, a colour and a glyph each, so that nobody has to tell colours apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forebay.governor.states import RunState


class Tone(StrEnum):
    """A colour and a glyph; the value is the class in the style sheet, which holds the colours."""

    WAITING = "waiting"  # nothing has begun
    STRIPE = "stripe"  # at Stripe
    LANDING = "landing"  # on its way here
    LANDED = "landed"  # well
    FAILED = "failed"  # somebody has to look
    CANCELED = "canceled"  # given up, or of no account


GLYPHS = {
    Tone.WAITING: "○",
    Tone.STRIPE: "▶",
    Tone.LANDING: "↓",
    Tone.LANDED: "✓",
    Tone.FAILED: "✕",
    Tone.CANCELED: "–",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state is shown."""

    tone: Tone
    words: str

    @property
    def glyph(self) -> str:
        """Gives the sign beside the words."""
        return GLYPHS[self.tone]


#: Of runs, in the order of `RunState`: what people are told of seven states in six.
OF_RUNS = {
    RunState.WAITING: Look(tone=Tone.WAITING, words="waiting"),
    RunState.GRANTED: Look(tone=Tone.STRIPE, words="starting"),
    RunState.RUNNING: Look(tone=Tone.STRIPE, words="at Stripe"),
    RunState.READY: Look(tone=Tone.LANDING, words="landing"),
    RunState.LANDED: Look(tone=Tone.LANDED, words="landed"),
    RunState.FAILED: Look(tone=Tone.FAILED, words="failed"),
    RunState.CANCELED: Look(tone=Tone.CANCELED, words="canceled"),
}

_TONES = {
    Tone.WAITING: {"queued", "waiting", "unknown"},
    Tone.STRIPE: {"running", "granted", "canary", "canceling"},
    Tone.LANDING: {"closing", "ready"},
    Tone.LANDED: {"landed", "empty"},
    Tone.FAILED: {
        *("failed", "checks_failed", "stopped", "partial", "lost", "unreadable"),
        *("late", "missing", "refused"),
    },
    Tone.CANCELED: {"canceled", "skipped", "pruned", "paused"},
}


def look_of(state: str) -> Look:
    """Says how a batch, a window, an account or a run is shown that stands so."""
    if state in OF_RUNS and state not in ("running",):
        return OF_RUNS[RunState(state)]
    tone = next((tone for tone, states in _TONES.items() if state in states), Tone.WAITING)
    return Look(tone=tone, words=state.replace("_", " "))
