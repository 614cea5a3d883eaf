"""Says which bytes of a batch's packed states have changed, in as few stretches as pays. Pure."""

from __future__ import annotations

from collections.abc import Iterator

#: Stretches that are no farther apart are sent as one: a patch of its own costs more than these bytes.
_NEAR_BYTES = 8


def patches(before: bytes, after: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields where bytes differ, as (first, bytes), in their order. Where the lengths differ all of it is one patch."""
    if len(before) != len(after):
        yield 0, after
        return
    first = last = -1
    for at in _changed(before, after):
        if first >= 0 and at - last > _NEAR_BYTES:
            yield first, after[first : last + 1]
            first = at
        first, last = (at if first < 0 else first), at
    if first >= 0:
        yield first, after[first : last + 1]


def _changed(before: bytes, after: bytes) -> Iterator[int]:
    """Yields the places that differ; stretches that do not are compared as wholes."""
    step = 1024
    for start in range(0, len(after), step):
        if before[start : start + step] != after[start : start + step]:
            pairs = zip(before[start : start + step], after[start : start + step], strict=True)
            yield from (start + at for at, (one, other) in enumerate(pairs) if one != other)
