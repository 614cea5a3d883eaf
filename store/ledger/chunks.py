"""Keeps a batch's items in compressed chunks: cuts them while they stream in, and reads them back one by one.

`store.ledger.ledger` calls both. A chunk is NDJSON in gzip and holds `chunk_items` items of one lane, so the chunk of
an item follows from its index.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from forebay.store.errors import BadRecord
from forebay.store.interface import Store
from forebay.store.ledger.cache import LeastRecent
from forebay.store.ledger.records import FlowSummary, Item

#: Lines wait uncompressed up to this size, a lane. A gzip file may have several members, so each time this many
#: have come they are compressed as one more: with hundreds of lanes open, what waits stays small.
PENDING_BYTES = 64 << 10

#: What Python adds to each line in memory.
LINE_BYTES = 48

#: A line; its format is that of the batch.
_ITEM = TypeAdapter(Item)


@dataclass(slots=True)
class _OpenChunk:
    """What of one lane has come since its last full chunk."""

    items: int = 0
    pending: bytearray = field(default_factory=bytearray)
    compressed: bytearray = field(default_factory=bytearray)

    def add(self, line: bytes) -> None:
        self.items += 1
        self.pending += line
        if len(self.pending) >= PENDING_BYTES:
            self.squeeze()

    def squeeze(self) -> None:
        # mtime 0: the same items give the same bytes.
        self.compressed += gzip.compress(self.pending, mtime=0)
        self.pending.clear()


class ChunkWriter:
    """Cuts a stream of items into chunks, one open for each lane."""

    def __init__(self, store: Store, key: Callable[[str, int], str], *, chunk_items: int) -> None:
        self._store = store
        self._key = key
        self._chunk_items = chunk_items
        self._open: dict[str, _OpenChunk] = {}
        self._sizes: dict[str, int] = {}
        self._written: list[str] = []

    def add(self, lane: str, item: Item) -> None:
        chunk = self._open.setdefault(lane, _OpenChunk())
        chunk.add(_line(item))
        self._sizes[lane] = self._sizes.get(lane, 0) + 1
        if chunk.items == self._chunk_items:
            self._write(lane, self._open.pop(lane))

    def finish(self) -> tuple[FlowSummary, ...]:
        """Writes what is still open, and says how many items came on each lane, in order of first appearance."""
        for lane in list(self._open):
            self._write(lane, self._open.pop(lane))
        return tuple(FlowSummary(lane=lane, size=size) for lane, size in self._sizes.items())

    def discard(self) -> None:
        """Removes what was written, for a batch that did not come to be. Raises StoreError."""
        for key in self._written:
            self._store.delete(key)

    def _write(self, lane: str, chunk: _OpenChunk) -> None:
        chunk.squeeze()
        key = self._key(lane, (self._sizes[lane] - 1) // self._chunk_items)
        self._store.put(key, bytes(chunk.compressed))
        self._written.append(key)


class ChunkReader:
    """Reads items, with the chunks used last kept uncompressed in at most `cache_bytes`."""

    def __init__(self, store: Store, *, cache_bytes: int) -> None:
        self._store = store
        self._cache: LeastRecent[str, tuple[bytes, ...]] = LeastRecent(limit=cache_bytes, cost=_cost)

    def item(self, key: str, position: int) -> Item:
        """Reads the item at a position of a chunk. Raises NotFound, BadRecord."""
        lines = self._cache.get(key, lambda: self._lines(key))
        if position >= len(lines):
            raise BadRecord(key, f"has {len(lines)} items, and number {position} is asked for")
        return _item(key, lines[position])

    def items(self, key: str) -> Iterator[Item]:
        """Reads all of a chunk, past the cache: who reads everything once would only push out what others need."""
        for line in self._lines(key):
            yield _item(key, line)

    def _lines(self, key: str) -> tuple[bytes, ...]:
        try:
            return tuple(gzip.decompress(self._store.get(key)).splitlines())
        except (OSError, EOFError, zlib.error) as exc:
            raise BadRecord(key, "is damaged") from exc


def _line(item: Item) -> bytes:
    return _ITEM.dump_json(item, exclude_none=True) + b"\n"


def _item(key: str, line: bytes) -> Item:
    try:
        return _ITEM.validate_json(line)
    except ValidationError:
        raise BadRecord(key, "has an item that cannot be read") from None


def _cost(lines: tuple[bytes, ...]) -> int:
    return sum(map(len, lines)) + LINE_BYTES * len(lines)
