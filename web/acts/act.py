"""Names what people may do by the page, who may, and what is told before and after. The composition root does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from forebay.config.document.web_access import Role


class ActKind(StrEnum):
    """What is done; the value is its path, and what the ledger keeps."""

    RETRY = "retry"  # takes up failed runs of a batch
    PAUSE_BATCH = "pause-batch"
    RESUME_BATCH = "resume-batch"
    CHANGE_BATCH = "change-batch"  # its class
    CANCEL_BATCH = "cancel-batch"
    PAUSE_LANE = "pause-lane"
    RESUME_LANE = "resume-lane"
    LIMIT_LANE = "limit-lane"
    PAUSE_EXTRACT = "pause-extract"
    RESUME_EXTRACT = "resume-extract"
    BACKFILL_EXTRACT = "backfill-extract"  # goes on for as long as it takes
    STOP_BACKFILL = "stop-backfill"  # submits no more of its windows

    @property
    def role(self) -> Role:
        """Says who may at least."""
        return Role.ADMIN if self in (ActKind.CANCEL_BATCH, ActKind.LIMIT_LANE) else Role.OPERATOR

    @property
    def about(self) -> str:
        """Says what its target is: `batch`, `lane`, `extract`, or the deed that was a `backfill`."""
        return "batch" if self is ActKind.RETRY else self.partition("-")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAct:
    """Something that somebody wants done."""

    kind: ActKind
    target: str
    asked: Mapping[str, str] = field(default_factory=dict)
    """What is said beside: a filter of runs and never a list of them, a class, limits."""
    shown: int | None = None
    """How many runs it was said to be; None where nobody was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an act comes to, before it is done."""

    title: str
    """`Retry 14 runs of …`."""
    runs: int | None = None
    """How many that is, where it must not become more before it is done."""
    sentences: tuple[str, ...] = ()
    nothing: bool = False
    """There is nothing to do, as the sentences say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """Who does it, and why."""

    name: str
    known_by: str
    why: str


class Acts(Protocol):
    """What can be done to one deployment. Thread safe. Each raises what the commands raise."""

    def outlook(self, act: WantedAct) -> Outlook:
        """Says what it comes to, and does nothing."""

    def carry_out(self, act: WantedAct, doer: Doer) -> str:
        """Does it, or begins what goes on, with a record in the ledger; gives the name of that."""
