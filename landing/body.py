"""The bytes as they come from Stripe, counted. `landing.land` makes one, a format reads it."""

from collections.abc import Callable, Iterator

from forebay.landing.errors import WrongSize

#: By how much a zip may be larger than its content, if that cannot be compressed at all: deflate adds 5 bytes to each
#: stored block of 16 KiB or more, and the records around it are well under 64 KiB.
ZIP_OVERHEAD = (1_000, 64 << 10)


class Body:
    """A result on its way in."""

    def __init__(
        self, chunks: Iterator[bytes], *, content_type: str, size: int | None, progress: Callable[[int], None]
    ) -> None:
        """`progress` gets the bytes received so far after each chunk; what it raises ends the transfer."""
        self.content_type = content_type
        self.received = 0
        self._chunks = chunks
        self._size = size
        self._progress = progress

    def chunks(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.received += len(chunk)
            self._check_excess()
            self._progress(self.received)
            yield chunk

    def check_size(self, content_bytes: int) -> None:
        """Compare with the promised size, once all has come. Raises WrongSize.

        Stripe doesn't say whether `size` of a zipped result counts the zip or the CSV in it, so either will do: a zip
        proves its own length anyway. For a CSV the two are one number.
        """
        if self._size is not None and self._size not in (self.received, content_bytes):
            raise WrongSize(promised=self._size, received=self.received)

    def _check_excess(self) -> None:
        """Stop a body without end early, under either reading of `size`."""
        if self._size is None:
            return
        share, fixed = ZIP_OVERHEAD
        if self.received > self._size + self._size // share + fixed:
            raise WrongSize(promised=self._size, received=self.received)
