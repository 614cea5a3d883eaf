"""Searches states as Redis keeps them, half a byte a run, without unpacking them: of a million runs that takes moments.

What is searched is a `bytes` as `states.pack` makes it; what is found are indexes of runs in it.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache

from forebay.governor.states import RunState

_STATES = tuple(RunState)
_SETTLED = frozenset(state for state in RunState if state.settled)
#: Unequal stretches are cut into so many until they are this short, and then read byte by byte.
_PARTS, _SHORT = 16, 64


def state_at(packed: bytes, index: int) -> RunState:
    """Unpacks one state; what is behind the end was never written, since it was never granted."""
    byte = packed[index // 2] if index // 2 < len(packed) else 0
    return _STATES[byte & 15 if index % 2 else byte >> 4]


def differing(old: bytes, new: bytes) -> Iterator[int]:
    """Yields, in order, the runs whose states differ; what one of both has not is waiting there."""
    size = max(len(old), len(new))
    yield from _differing(old.ljust(size, b"\0"), new.ljust(size, b"\0"), 0, size)


def _differing(old: bytes, new: bytes, start: int, stop: int) -> Iterator[int]:
    if old[start:stop] == new[start:stop]:
        return
    if stop - start > _SHORT:
        part = -(-(stop - start) // _PARTS)
        for at in range(start, stop, part):
            yield from _differing(old, new, at, min(at + part, stop))
        return
    for at in range(start, stop):
        unequal = old[at] ^ new[at]
        if unequal >> 4:
            yield 2 * at
        if unequal & 15:
            yield 2 * at + 1


def in_states(packed: bytes, states: Collection[RunState]) -> Iterator[int]:
    """Yields, in order, the runs that are in one of these states; not those that wait behind the end."""
    for found in _having(frozenset(states)).finditer(packed):
        for index in (2 * found.start(), 2 * found.start() + 1):
            if state_at(packed, index) in states:
                yield index


def settled_bytes(packed: bytes) -> int:
    """Counts the bytes at the beginning of which each run has settled."""
    first = _having(frozenset(RunState) - _SETTLED).search(packed)
    return first.start() if first else len(packed)


@cache
def _having(states: frozenset[RunState]) -> re.Pattern[bytes]:
    """Makes a pattern of a byte that has one of the states in either half."""
    nibbles = {state.nibble for state in states}
    known = range(len(_STATES))
    having = (high << 4 | low for high in known for low in known if {high, low} & nibbles)
    return re.compile(b"[" + b"".join(re.escape(bytes([byte])) for byte in having) + b"]")
