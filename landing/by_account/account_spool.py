"""Keeps the records of many accounts apart while they come in any order: in bounded memory, and in one file.

Each account has a buffer. When all of them together are too large, the largest go to the file, each as a compressed
piece behind the last one; of a piece only its place is kept. So there is one open file for hundreds of accounts, and
an account is read back piece by piece, in the order in which its records came.
"""

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from isal import isal_zlib

from forebay.landing.errors import TransferBroken
from forebay.landing.spool import Spool

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Of CSV that waits in memory; with 300 accounts, pieces of 100 KB.
MEMORY_BYTES = 32 << 20
#: Of one account that has much more than others: what is read back at once.
PIECE_BYTES = 1 << 20
#: Quick, and a quarter of what ids, times and amounts take: a temporary folder is often small, or memory itself.
_ZSTD_LEVEL = 1
_CHANGED = "the spooled result changed between two readings; is the temporary disk sound?"


@dataclass(slots=True)
class _Account:
    """What there is of one account."""

    waiting: list[bytes] = field(default_factory=list)
    waiting_bytes: int = 0
    records: int = 0
    bytes: int = 0
    crc: int = 0
    places: "array[int]" = field(default_factory=lambda: array("Q"))
    """Where its pieces begin in the file, each followed by its length there."""


class AccountSpool:
    """Records by account. Its methods raise Unavailable where the temporary folder takes no more."""

    def __init__(self, spool: Spool, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._spool = spool
        self._memory_bytes = memory_bytes
        self._accounts: dict[str | None, _Account] = {}
        self._written = 0
        self.waiting_bytes = 0
        """In memory, of all accounts."""

    def add(self, account: str | None, records: Sequence[bytes]) -> None:
        """Appends records, each without the line feed that ends it."""
        own = self._accounts.setdefault(account, _Account())
        data = b"\n".join(records) + b"\n"
        own.waiting.append(data)
        own.waiting_bytes += len(data)
        own.bytes += len(data)
        own.records += len(records)
        own.crc = isal_zlib.crc32(data, own.crc)
        self.waiting_bytes += len(data)
        if self.waiting_bytes > self._memory_bytes:
            self._write_largest()

    @property
    def accounts(self) -> frozenset[str]:
        """Names those of which there are records."""
        return frozenset(account for account in self._accounts if account is not None)

    def records(self, account: str | None) -> int:
        """Counts an account's."""
        return self._accounts[account].records if account in self._accounts else 0

    def size(self, account: str | None) -> int:
        """Counts the bytes of an account's records, with their line ends."""
        return self._accounts[account].bytes if account in self._accounts else 0

    def chunks(self, account: str | None) -> Iterator[bytes]:
        """Reads an account's records, in their order; nothing may be added while that goes on.

        Raises TransferBroken where they are not as they were.
        """
        own = self._accounts.get(account) or _Account()
        crc = 0
        for chunk in chain(self._pieces(own), own.waiting):
            crc = isal_zlib.crc32(chunk, crc)
            yield chunk
        if crc != own.crc:
            raise TransferBroken(_CHANGED)

    def _pieces(self, own: _Account) -> Iterator[bytes]:
        for at in range(0, len(own.places), 2):
            try:
                yield zstd.decompress(self._spool.piece(own.places[at], own.places[at + 1]))
            except zstd.ZstdError as error:
                raise TransferBroken(_CHANGED) from error

    def _write_largest(self) -> None:
        """Makes room: half of the memory, by as few pieces as will do."""
        by_size = sorted(self._accounts.values(), key=lambda own: own.waiting_bytes, reverse=True)
        for own in by_size:
            if self.waiting_bytes <= self._memory_bytes // 2:
                return
            self._write(own)

    def _write(self, own: _Account) -> None:
        piece: list[bytes] = []
        size = 0
        for data in own.waiting:
            piece.append(data)
            size += len(data)
            if size >= PIECE_BYTES:
                self._write_piece(own, piece)
                piece, size = [], 0
        if piece:
            self._write_piece(own, piece)
        self.waiting_bytes -= own.waiting_bytes
        own.waiting, own.waiting_bytes = [], 0

    def _write_piece(self, own: _Account, piece: Sequence[bytes]) -> None:
        packed = zstd.compress(b"".join(piece), level=_ZSTD_LEVEL)
        self._spool.write(packed)
        own.places.extend((self._written, len(packed)))
        self._written += len(packed)
