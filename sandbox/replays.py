"""Keeps the v2 rules of Idempotency-Key: a success is replayed, a failure executed again, other parameters refused.

One entry per (key, operation, account and mode). Entries are remembered for the window and dropped when met later.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from forebay.sandbox.errors import idempotency_conflict, idempotency_mismatch
from forebay.sandbox.setting_choices import IdempotencyRace

Scope = tuple[str, ...]


@dataclass(slots=True)
class KeyHold:
    """One request's hold on its key."""

    run_id: str | None = None
    """Set when it was executed before, or by the caller once it is."""
    replayed: bool = False


@dataclass(slots=True)
class _RememberedKey:
    fingerprint: str
    first_seen_s: float
    run_id: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class IdempotencyBook:
    """The keys that were seen, and how often each was executed."""

    clock: Callable[[], float] = time.time
    replays: int = 0
    _entries: dict[Scope, _RememberedKey] = field(default_factory=dict)
    _executions: dict[Scope, int] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(
        self, scope: Scope, fingerprint: str, *, window_s: float, race: IdempotencyRace
    ) -> AsyncIterator[KeyHold]:
        """Holds a key for one request; raises the 409s for other parameters, and for a key in use."""
        entry = self._entry(scope, fingerprint, window_s)
        if entry.fingerprint != fingerprint:
            # Also after a failed create: parameters belong to the key from its first use.
            raise idempotency_mismatch(scope[0])
        if entry.turn.locked() and race is IdempotencyRace.CONFLICT:
            raise idempotency_conflict(scope[0])
        async with entry.turn:
            turn = KeyHold(run_id=entry.run_id, replayed=entry.run_id is not None)
            self.replays += turn.replayed
            yield turn
            if not turn.replayed and turn.run_id is not None:
                entry.run_id = turn.run_id
                self._executions[scope] = self._executions.get(scope, 0) + 1

    def _entry(self, scope: Scope, fingerprint: str, window_s: float) -> _RememberedKey:
        now_s = self.clock()
        entry = self._entries.get(scope)
        if entry is None or now_s - entry.first_seen_s >= window_s:
            entry = self._entries[scope] = _RememberedKey(fingerprint, now_s)
        return entry

    def summary(self) -> dict[str, int]:
        """Counts keys, replays and executions, for GET /sandbox/counts."""
        return {
            "keys": len(self._executions),
            "replays": self.replays,
            "max_executions_per_key": max(self._executions.values(), default=0),
        }
