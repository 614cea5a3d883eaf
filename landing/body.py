"""Counts a result's bytes as they come from Stripe. `landing.land` makes a body, a format reads it."""

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from forebay.config.stripe import MOST_RECEIVED_BYTES
from forebay.landing.content import Content
from forebay.landing.errors import NotTheResult, TooLarge, UnknownResult, Unproven, WrongRows, WrongSize
from forebay.landing.fetch import Delivery
from forebay.landing.zip_records import LOCAL
from forebay.landing.zipstream import unzip

#: By how much a zip may be larger than its content, if that cannot be compressed at all: deflate adds 5 bytes to each
#: stored block of 16 KiB or more, and the records around it are well under 64 KiB.
ZIP_OVERHEAD = (1_000, 64 << 10)

#: How a page for people begins, or a store's error: where it comes with status 200, all that tells it from CSV.
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)\b", re.IGNORECASE)
_HEAD_BYTES = 64


class Incoming(Protocol):
    """What a format stores: a result that arrives, or what was made of one."""

    @property
    def is_zip(self) -> bool: ...

    @property
    def sha256(self) -> str: ...

    def csv(self, *, max_bytes: int) -> Iterator[bytes]: ...

    def chunks(self) -> Iterator[bytes]: ...

    def check_whole(self, content: Content) -> None: ...


class Body:
    """A result on its way in: an `Incoming`."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        content_type: str,
        size: int | None,
        rows: int | None = None,
        progress: Callable[[int], None],
    ) -> None:
        """Takes what Stripe said of the file, and `progress`, which gets the bytes received so far after each chunk.

        What that raises ends the transfer.
        """
        self.received = 0
        self._content_type = content_type
        self._chunks = delivery.chunks
        self._declared_bytes = delivery.declared_bytes
        self._size = size
        self._rows = rows
        self._progress = progress
        self._head: bytes | None = None
        self._sha256 = hashlib.sha256()

    @property
    def is_zip(self) -> bool:
        """Tells a zip from bare CSV, by its first bytes too: one generation of the API knows the word csv alone.

        Raises UnknownResult for anything else, NotTheResult for a page, and what the transfer raises.
        """
        if self._content_type not in ("zip", "csv"):
            raise UnknownResult(f"the result has content type {self._content_type!r}; known are csv and zip")
        head = self._first_bytes()
        if _PAGE.match(head):
            raise NotTheResult("a page came instead of the result")
        return self._content_type == "zip" or head.startswith(LOCAL)

    def _first_bytes(self) -> bytes:
        if self._head is None:
            read: list[bytes] = []
            while sum(map(len, read)) < _HEAD_BYTES and (chunk := next(self._chunks, None)) is not None:
                read.append(chunk)
            self._head = b"".join(read)[:_HEAD_BYTES]
            self._chunks = itertools.chain(read, self._chunks)
        return self._head

    def csv(self, *, max_bytes: int) -> Iterator[bytes]:
        """Yields the CSV, inflated if need be. Raises LandingError; bare CSV is proven by its size alone."""
        if self.is_zip:
            yield from unzip(self.chunks(), max_bytes=max_bytes)
            return
        for chunk in self.chunks():
            if self.received > max_bytes:
                raise TooLarge(f"the result has more than {max_bytes} bytes")
            yield chunk

    @property
    def sha256(self) -> str:
        """Hashes what has come of a zip. What comes bare is `landing.content`'s to hash."""
        return self._sha256.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Yields the bytes as they came."""
        is_zip = self.is_zip
        for chunk in self._chunks:
            self.received += len(chunk)
            if is_zip:
                self._sha256.update(chunk)
            self._check_excess()
            self._progress(self.received)
            yield chunk

    def check_whole(self, content: Content) -> None:
        """Proves that all has come, once no more comes. Raises WrongSize, WrongRows, Unproven.

        Stripe doesn't say whether `size` of a zipped result counts the zip or the CSV in it, so either will do: a zip
        proves its own length anyway. For a CSV the two are one number. Where none was promised, a CSV is as long as the
        host declared before it sent it, and looks like one: a header, and quotes that pair up. Where Stripe counted the
        records, they are as many.
        """
        if self._size is not None:
            if self._size not in (self.received, content.bytes):
                raise WrongSize(promised=self._size, received=self.received)
        elif not self.is_zip:
            if self._declared_bytes is None:
                raise Unproven("neither Stripe nor the result's host said how long it is, so it may have been cut")
            if not content.columns or content.records is None:
                raise Unproven("Stripe did not say how long the result is, and what came is no whole CSV")
        if self._rows not in (None, content.records):
            raise WrongRows(counted=self._rows, came=content.records)

    def _check_excess(self) -> None:
        """Stops a body without end early, under either reading of `size`."""
        if self.received > MOST_RECEIVED_BYTES:
            raise TooLarge(f"more than {MOST_RECEIVED_BYTES} bytes came, which is more than Stripe sends")
        if self._size is None:
            return
        share, fixed = ZIP_OVERHEAD
        if self.received > self._size + self._size // share + fixed:
            raise WrongSize(promised=self._size, received=self.received)
