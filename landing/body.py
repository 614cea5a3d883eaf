"""Counts a result's bytes as they come from Stripe. `landing.land` makes a body, a format reads it."""

from collections.abc import Callable, Iterator

from forebay.landing.errors import TooLarge, UnknownResult, WrongSize
from forebay.landing.zipstream import unzip

#: By how much a zip may be larger than its content, if that cannot be compressed at all: deflate adds 5 bytes to each
#: stored block of 16 KiB or more, and the records around it are well under 64 KiB.
ZIP_OVERHEAD = (1_000, 64 << 10)


class Body:
    """A result on its way in."""

    def __init__(
        self, chunks: Iterator[bytes], *, content_type: str, size: int | None, progress: Callable[[int], None]
    ) -> None:
        """Takes `progress`, which gets the bytes received so far after each chunk; what it raises ends the transfer."""
        self.received = 0
        self._content_type = content_type
        self._chunks = chunks
        self._size = size
        self._progress = progress

    @property
    def is_zip(self) -> bool:
        """Tells a zip from bare CSV. Raises UnknownResult for anything else."""
        if self._content_type not in ("zip", "csv"):
            raise UnknownResult(f"the result has content type {self._content_type!r}; known are csv and zip")
        return self._content_type == "zip"

    def csv(self, *, max_bytes: int) -> Iterator[bytes]:
        """Yields the CSV, inflated if need be. Raises LandingError; bare CSV is proven by its size alone."""
        if self.is_zip:
            yield from unzip(self.chunks(), max_bytes=max_bytes)
            return
        for chunk in self.chunks():
            if self.received > max_bytes:
                raise TooLarge(f"the result has more than {max_bytes} bytes")
            yield chunk

    def chunks(self) -> Iterator[bytes]:
        """Yields the bytes as they came."""
        for chunk in self._chunks:
            self.received += len(chunk)
            self._check_excess()
            self._progress(self.received)
            yield chunk

    def check_size(self, content_bytes: int) -> None:
        """Compares with the promised size, once all has come. Raises WrongSize.

        Stripe doesn't say whether `size` of a zipped result counts the zip or the CSV in it, so either will do: a zip
        proves its own length anyway. For a CSV the two are one number.
        """
        if self._size is not None and self._size not in (self.received, content_bytes):
            raise WrongSize(promised=self._size, received=self.received)

    def _check_excess(self) -> None:
        """Stops a body without end early, under either reading of `size`."""
        if self._size is None:
            return
        share, fixed = ZIP_OVERHEAD
        if self.received > self._size + self._size // share + fixed:
            raise WrongSize(promised=self._size, received=self.received)
