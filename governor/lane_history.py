"""Reads how lanes stood in the last hour: what audits noted (`lua/audit.lua`), for people and for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forebay.governor.keys import LaneKeys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.states import Gate

#: Of which gates a sample counts the closings, in its order: refusals with 429.
REFUSING = (Gate.CAP, Gate.CREATE, Gate.RETRIEVE)
_FIELDS = 4 + len(REFUSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSample:
    """How a lane stood at one moment."""

    at_ms: int
    """By Redis's clock."""
    held: int
    limit: int
    cap: int
    refusals: dict[Gate, int]
    """By the gate that each closed, in the time since the sample before; none for the first."""


class LaneHistories:
    """Reads histories of lanes. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def read(self, lanes: Sequence[str]) -> dict[str, list[LaneSample]]:
        """Gives the samples of each lane, oldest first: one command a lane, all in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for lane in lanes:
            pipeline.lrange(LaneKeys(lane).history, 0, -1)
        return dict(zip(lanes, map(_samples, pipeline.execute()), strict=True))


def _samples(noted: list[str]) -> list[LaneSample]:
    samples: list[LaneSample] = []
    before: list[int] | None = None
    for line in reversed(noted):
        parts = line.split()
        if len(parts) != _FIELDS:
            continue  # of another release
        numbers = [int(part) for part in parts]
        at_ms, held, limit, cap, *closed = numbers
        # A count that fell was begun anew: Redis lost its data.
        since = [max(0, now - then) for now, then in zip(closed, before or closed, strict=True)]
        refusals = {gate: count for gate, count in zip(REFUSING, since, strict=True) if count}
        samples.append(LaneSample(at_ms=at_ms, held=held, limit=min(limit, cap), cap=cap, refusals=refusals))
        before = closed
    return samples
