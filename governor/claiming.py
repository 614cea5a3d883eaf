"""Claims what is due in many lanes by one round trip: for the pump, whose process serves them all.

`Governor.claim` does it for one lane. A Cluster has no round trip for many, so there each lane is asked by itself
(`cluster_client.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forebay.governor.contract import AskedFor, Claimed, Claims
from forebay.governor.errors import GovernorError
from forebay.governor.keys import LaneKeys
from forebay.governor.lane_clock import LaneClock
from forebay.governor.lane_scripts import ClaimArguments, Due, LaneScripts
from forebay.governor.redis_client import Client
from forebay.governor.scripts import Scripts
from forebay.governor.states import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTerms:
    """What holds for each claim of a process."""

    resend_ms: int = 30_000
    """After so long an unanswered claim is due again."""
    surely_over_ms: int = 95 * 60_000
    """So long after it was last sent nothing of a create can be alive."""
    sweep_ms: int | None = None
    """The process can have the list of events swept, and within so long."""


class Claiming:
    """Claims of all lanes of a process. One thread uses it."""

    def __init__(self, client: Client, terms: ClaimTerms, monotonic_s: Callable[[], float]) -> None:
        self._client = client
        self._terms = terms
        self._monotonic_s = monotonic_s
        self._scripts = Scripts(client)
        self._clocks: dict[str, LaneClock] = {}

    def claim(self, asked: Sequence[AskedFor]) -> list[Claims | GovernorError]:
        """Takes what is due in lanes; gives what each answered, or what it raised. Raises `RedisUnavailable`."""
        asked_s = self._monotonic_s()
        replies = self._scripts.run_each(
            "claim", [(LaneKeys(each.lane).fixed, self._arguments(each)) for each in asked]
        )
        return [
            reply if isinstance(reply, GovernorError) else self._read(each.lane, Due(*reply), asked_s)
            for each, reply in zip(asked, replies, strict=True)
        ]

    def _arguments(self, asked: AskedFor) -> ClaimArguments:
        return ClaimArguments(
            submits=asked.room.get(Step.SUBMIT),
            downloads=asked.room.get(Step.DOWNLOAD),
            polls=asked.room.get(Step.POLL),
            resend_ms=self._terms.resend_ms,
            expected_ms=self._clock(asked.lane).expected_ms(),
            surely_over_ms=self._terms.surely_over_ms,
            sweep_ms=self._terms.sweep_ms,
            unless_quiet=asked.believes,
        )

    def _read(self, lane: str, due: Due, asked_s: float) -> Claims:
        note_clock(self._clock(lane), due, asked_s, LaneScripts(self._client, LaneKeys(lane)))
        return claims_of(due)

    def _clock(self, lane: str) -> LaneClock:
        return self._clocks.get(lane) or self._clocks.setdefault(lane, LaneClock(self._monotonic_s))


def note_clock(clock: LaneClock, due: Due, asked_s: float, scripts: LaneScripts) -> None:
    """Moves the lane's instants if its clock has jumped since it was last heard of."""
    jump = clock.heard(asked_s=asked_s, now_ms=due.now_ms, moves=due.clock_moves)
    if jump:
        scripts.move_clock(moves=jump.moves, by_ms=jump.by_ms, before_ms=jump.before_ms)
        clock.told()


def claims_of(due: Due) -> Claims:
    """Puts a script's answer as the pump takes it."""
    steps = (Step.SUBMIT, Step.DOWNLOAD, Step.POLL)
    runs = (due.submits, due.downloads, due.polls)
    return Claims(
        {step: ms for step, ms in zip(steps, due.sleep_ms, strict=True) if ms is not None},
        {step: _claimed(flat) for step, flat in zip(steps, runs, strict=True)},
        sweep=due.sweep or None,
        unreconciled=bool(due.unreconciled),
    )


def _claimed(flat: Sequence[str]) -> list[Claimed]:
    parts = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return [Claimed(run, int(fence), int(attempt)) for run, fence, attempt in parts]
