"""Defines the states of a run and the steps that move it on.

    waiting → granted → running → ready → landed
                 any of them → failed, canceled

`granted` and `running` hold a slot. A waiting run has no record of its own: it is an index past its flow's
cursor, or an entry in the flow's list of runs that were requeued.
"""

from collections.abc import Sequence
from enum import StrEnum


class RunState(StrEnum):
    """Where a run is; the value is what people read and what scripts compare."""

    WAITING = "waiting"  # behind its flow's cursor: costs nothing
    GRANTED = "granted"  # holds a slot; its create was not yet answered
    RUNNING = "running"  # holds a slot; Stripe named its QueryRun
    READY = "ready"  # ended well at Stripe: its slot is free, its result still has to land
    LANDED = "landed"  # its manifest is written
    FAILED = "failed"  # settled; the ledger says why
    CANCELED = "canceled"  # settled by a person

    @property
    def nibble(self) -> int:
        """Packs this state for `LaneKeys.states`: its place in this list."""
        return list(RunState).index(self)

    @property
    def settled(self) -> bool:
        return self in (RunState.LANDED, RunState.FAILED, RunState.CANCELED)


class Step(StrEnum):
    """What somebody has to do next for a run; also the name of its Celery task and of its queue."""

    SUBMIT = "submit"  # for granted runs: POST the create
    POLL = "poll"  # for running runs: retrieve
    DOWNLOAD = "download"  # for ready runs: retrieve a fresh URL, and land the result


class Gate(StrEnum):
    """A reason for which a lane sends fewer requests for a while; see `lua/shared/gates.lua`."""

    CAP = "cap"  # Stripe's cap is full although ours is not: others use it too
    AUTH = "auth"  # the key was refused: nothing is sent but a probe now and then
    PERMISSION = "permission"  # the key may not create: no create is sent but a probe now and then
    CREATE = "create"  # too many creates per second
    RETRIEVE = "retrieve"  # too many retrieves per second


def pack(states: Sequence[RunState]) -> bytes:
    """Packs states as `LaneKeys.states` keeps them: a nibble each, the even index in the high half of its byte."""
    nibbles = [state.nibble for state in states] + [RunState.WAITING.nibble] * (len(states) % 2)
    return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))


def unpack(packed: bytes) -> list[RunState]:
    """Unpacks what `pack` packed, and perhaps one `waiting` more."""
    order = list(RunState)
    return [order[nibble] for byte in packed for nibble in (byte >> 4, byte & 15)]
