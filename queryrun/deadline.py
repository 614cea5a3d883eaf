"""Gives the network of HTTP a deadline: all of a stretch of work has so many seconds, and not each read in it.

httpx and httpcore bound the silence between bytes only, so a peer that drips one at a time holds a thread for ever.
Here every read and write asks how long the whole stretch may still take. `bounded_http` opens the stretches; the thread
that calls is the one that reads and writes, so the deadline is the thread's.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import httpcore

#: What one read takes of what is at hand, whatever httpcore asks for: small pieces of a large result take time, and
#: large ones memory, several times over on their way. TLS cuts it into records of 16 KiB.
_READ_BYTES, _GATHERED_BYTES, _RECORD_BYTES = 512 << 10, 512 << 10, 16 << 10
#: A peer that takes in one byte at a time renews the time-out of each piece, and the deadline is looked at in between.
_PIECE_BYTES = 16 << 10

_Options: TypeAlias = Iterable["httpcore.SOCKET_OPTION"]


class _Stretch(threading.local):
    """Until when this thread's present stretch may last."""

    until_s = math.inf


_stretch = _Stretch()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Lets all that this thread reads and writes inside of the block take so long together, unless less is left."""
    outer_s = _stretch.until_s
    _stretch.until_s = min(outer_s, time.monotonic() + seconds)
    try:
        yield
    finally:
        _stretch.until_s = outer_s


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    left_s = _stretch.until_s - time.monotonic()
    if left_s <= 0:
        raise late("the exchange took longer than all of it may")
    if timeout is None:
        return None if left_s == math.inf else left_s
    return min(timeout, left_s)


class DeadlineBackend(httpcore.NetworkBackend):
    """Connects as httpcore does, within the deadline of the calling thread.

    A name with many addresses has one time-out for all of them, half of what is left to each but the last. Looking the
    name up is the resolver's, which has bounds of its own (resolv.conf: 5 s, twice, for each of at most three servers).
    """

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options | None = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers."""
        with within(math.inf if timeout is None else timeout):
            refused: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
            addresses = _addresses(host, port)
            for address in addresses:
                left_s = _left(timeout, httpcore.ConnectTimeout)
                if left_s is not None and address != addresses[-1]:
                    left_s /= 2  # so that one where nobody answers leaves time for the others
                try:
                    stream = self._inner.connect_tcp(address, port, left_s, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    refused = error
                else:
                    return DeadlineStream(stream)
        raise refused or httpcore.ConnectError(f"{host} has no address")


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every read and write ends when its thread's stretch does."""

    def __init__(self, inner: httpcore.NetworkStream, layers: int = 0) -> None:
        """Takes how many layers of TLS the stream has: two, where a proxy is spoken to by TLS, too."""
        self._inner = inner
        self._layers = layers
        self._gathered = bytearray()
        self._broken: httpcore.ReadError | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._broken:
            raise self._broken
        left_s = _left(timeout, httpcore.ReadTimeout)
        if not self._layers:
            return self._inner.read(max(max_bytes, _READ_BYTES), left_s)
        record = self._inner.read(_RECORD_BYTES, left_s)
        # A record that is full is followed by others, mostly.
        return record + self._records_at_hand() if len(record) == _RECORD_BYTES and self._layers == 1 else record

    def _records_at_hand(self) -> bytes:
        """Reads what came and is not read yet, of more records than one, without waiting for any."""
        self._gathered = self._gathered or bytearray(_GATHERED_BYTES)
        connection, space, filled = self._inner.get_extra_info("socket"), memoryview(self._gathered), 0
        connection.settimeout(0)
        try:
            while filled < len(space) and (got := connection.recv_into(space[filled:])):
                filled += got
        except ssl.SSLWantReadError:
            pass  # that was all
        except OSError as error:
            self._broken = httpcore.ReadError(str(error))  # whoever reads on is told, after what came whole
        return bytes(space[:filled])

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            piece = buffer[start : start + _PIECE_BYTES]
            self._inner.write(piece, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # The handshake's time-out is Python's for all of it, not for each read.
        try:
            left_s = _left(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()  # as one whose handshake fails is: httpcore has it from nobody else
            raise
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left_s), self._layers + 1)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        self._inner.close()
