"""Inflates the one file inside a zip while the zip arrives, from a stream that can't seek back.

`landing.formats` feeds it. The stdlib's zipfile begins at the directory, which stands last; waiting for it would
mean to hold 5 GB. So this walks from the front: local header, data, perhaps a descriptor, then the central directory
and the end records. Content is yielded before it is proven; it is proven only when the iteration ends without
an error, and nothing may be published before. Then every byte has been read, CRC-32 and sizes of header or
descriptor and of the directory are those of the content, and the end record, without which a cut zip could
pass as whole, was the last thing in the stream.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from isal import isal_zlib

from forebay.config.stripe import MOST_RECEIVED_BYTES
from forebay.landing import zip_records as form
from forebay.landing.bytesource import ByteSource
from forebay.landing.compressing import InflateError, Sink, deflated
from forebay.landing.errors import CorruptZip, TooLarge, TruncatedZip, UnsupportedZip
from forebay.landing.zip_records import LocalHeader, Member

#: Most that one step inflates: 64 KiB of deflate may hold 64 MiB. Larger pieces take memory, several times over,
#: and no less time.
PIECE_BYTES = 256 << 10

#: A zip inflates to no more than the first of these, or the second times its own bytes. Stripe ends a file at 5 GB: if
#: that is the CSV, it is never larger; if it is the zip, data that nobody made for this deflates tenfold to twentyfold.
#: (A ratio alone would refuse honest results of one repeated value, which come close to deflate's 1,030 to 1.)
ANY_RATIO_BYTES = MOST_RECEIVED_BYTES
MOST_RATIO = 100

#: More than any writer puts into the extensible part of a zip64 end record.
END64_EXTRA_BYTES = 1 << 16


def unzip(chunks: Iterator[bytes], *, max_bytes: int, deflate: Sink | None = None) -> Iterator[bytes]:
    """Yields the content of the zip's only file, in pieces of at most 256 KiB; directories are ignored.

    `max_bytes` bounds what it may inflate to, and so does what Stripe can send (`ANY_RATIO_BYTES`, `MOST_RATIO`).
    `deflate` gets the raw DEFLATE stream that the content is stored as, as it came; of a file that is stored without
    compression, one that is made here.

    Raises TruncatedZip, CorruptZip, UnsupportedZip, TooLarge, and whatever `chunks` and `deflate` raise.
    """
    source = ByteSource(chunks)
    members: list[Member] = []
    files = 0
    while (signature := source.exactly(4)) == form.LOCAL:
        offset = source.position - 4
        header = _local_header(source)
        files += not header.name.endswith(b"/")
        if files > 1:
            raise UnsupportedZip("the zip holds more than one file")
        tally = _Tally(max_bytes=max_bytes)
        members.append((yield from _member(source, offset, header, tally, deflate)))
    if not members and signature not in (form.CENTRAL, form.END, form.END64):
        raise CorruptZip("the result does not begin as a zip does")
    _check_directory(source, signature, members)
    if not files:
        raise UnsupportedZip("the zip holds no file")


@dataclass(slots=True)
class _Tally:
    """CRC and length of the content so far."""

    max_bytes: int
    crc: int = 0
    inflated: int = 0

    def add(self, piece: bytes, compressed: int) -> None:
        """Counts in a piece that came out of the first `compressed` bytes. Raises TooLarge."""
        self.crc = isal_zlib.crc32(piece, self.crc)
        self.inflated += len(piece)
        if self.inflated > self.max_bytes:
            raise TooLarge(f"the result inflates to more than {self.max_bytes} bytes")
        if self.inflated > max(ANY_RATIO_BYTES, MOST_RATIO * compressed):
            raise TooLarge(f"the result inflates to {self.inflated} bytes from {compressed}, which no result does")


def _local_header(source: ByteSource) -> LocalHeader:
    fields = source.exactly(form.LOCAL_LAYOUT.size)
    name_bytes, extra_bytes = form.LOCAL_LAYOUT.unpack(fields)[-2:]
    return form.local_header(fields, source.exactly(name_bytes), source.exactly(extra_bytes))


def _member(
    source: ByteSource, offset: int, header: LocalHeader, tally: _Tally, deflate: Sink | None
) -> Generator[bytes, None, Member]:
    is_folder = header.name.endswith(b"/")
    start = source.position
    for piece in _content(source, header, tally, None if is_folder else deflate):
        if is_folder:
            raise CorruptZip("a folder in the zip has content")
        tally.add(piece, source.position - start)
        yield piece
    compressed = source.position - start
    if header.promised is None:
        _skip_descriptor(source, tally, compressed)
    elif header.promised != (tally.crc, compressed, tally.inflated):
        raise CorruptZip("checksum or sizes before the data are not those of the data")
    return Member(
        offset=offset,
        method=header.method,
        name=header.name,
        crc=tally.crc,
        compressed=compressed,
        inflated=tally.inflated,
    )


def _content(source: ByteSource, header: LocalHeader, tally: _Tally, deflate: Sink | None) -> Iterator[bytes]:
    if header.method == form.DEFLATED:
        return _inflated(source, deflate)
    if header.promised is not None:
        pieces = _stored(source, header.promised[1])
    else:
        pieces = _stored_until_descriptor(source, tally)
    return deflated(pieces, deflate) if deflate else pieces


def _inflated(source: ByteSource, deflate: Sink | None) -> Iterator[bytes]:
    inflater = isal_zlib.decompressobj(-isal_zlib.MAX_WBITS)
    read, data, more_inside = b"", b"", False
    while not inflater.eof:
        if not data and not more_inside:
            if deflate and read:
                deflate(read)
            read = data = source.some()
        try:
            piece = inflater.decompress(data, PIECE_BYTES)
        except InflateError as exc:
            raise CorruptZip(f"the zip's data cannot be inflated, near byte {source.position}") from exc
        data = inflater.unconsumed_tail
        more_inside = len(piece) == PIECE_BYTES
        if piece:
            yield piece
    behind = inflater.unused_data
    if deflate:
        deflate(read[: len(read) - len(behind)])
    source.unread(behind)


def _stored(source: ByteSource, size: int) -> Iterator[bytes]:
    while size:
        piece = source.some(min(size, PIECE_BYTES))
        size -= len(piece)
        yield piece


def _stored_until_descriptor(source: ByteSource, tally: _Tally) -> Iterator[bytes]:
    """Yields uncompressed data of unknown length: it ends at a descriptor that agrees with what came before it.

    The signature alone may be part of the data. (A descriptor without one could not be found; the stdlib and every
    other writer that makes such members writes it.) Sizes are compared first, and the checksum goes on from one place
    where they fit to the next, so data that is full of signatures takes no longer than any other.
    """
    while True:
        window = source.peek(PIECE_BYTES)
        is_last = len(window) < PIECE_BYTES
        # What begins behind it is seen whole in the next window, the signature after it included.
        end = len(window) if is_last else len(window) - form.LONGEST_DESCRIPTOR - 4
        at = _descriptor_at(window, end, tally)
        if at is None and is_last:
            raise TruncatedZip("the zip ends within uncompressed data")
        size = end if at is None else at
        if size:
            yield source.exactly(size)
        if at is not None:
            return


def _descriptor_at(window: bytes, end: int, tally: _Tally) -> int | None:
    crc, done = tally.crc, 0
    last = end + len(form.DESCRIPTOR) - 1
    at = window.find(form.DESCRIPTOR, 0, last)
    while at >= 0:
        inflated = tally.inflated + at
        if form.sizes_fit(window, at, inflated):
            crc, done = isal_zlib.crc32(window[done:at], crc), at
            found = window[at : at + form.LONGEST_DESCRIPTOR + 4]
            if form.descriptor_bytes(found, crc, inflated, inflated) is not None:
                return at
        at = window.find(form.DESCRIPTOR, at + 1, last)
    return None


def _skip_descriptor(source: ByteSource, tally: _Tally, compressed: int) -> None:
    window = source.peek(form.LONGEST_DESCRIPTOR + 4)
    length = form.descriptor_bytes(window, tally.crc, compressed, tally.inflated)
    if length is not None:
        source.exactly(length)
    elif len(window) < form.LONGEST_DESCRIPTOR + 4:
        raise TruncatedZip("the zip ends right after its data")
    else:
        raise CorruptZip("checksum or sizes after the data are not those of the data")


def _check_directory(source: ByteSource, signature: bytes, members: list[Member]) -> None:
    """Reads from the first byte after the data, whose signature was just read, to the end of the stream."""
    start = source.position - 4
    entries = []
    while signature == form.CENTRAL:
        entries.append(_central_entry(source))
        signature = source.exactly(4)
    if sorted(entries, key=lambda entry: entry.offset) != members:
        raise CorruptZip("the zip's directory is not that of its content")
    directory = (len(members), source.position - 4 - start, start)
    is_wide = signature == form.END64
    if is_wide:
        _check_end64(source, directory)
        signature = source.exactly(4)
    if signature != form.END:
        raise CorruptZip("the zip has no end record after its directory")
    _check_end(source, directory, is_wide)


def _central_entry(source: ByteSource) -> Member:
    fields = source.exactly(form.CENTRAL_LAYOUT.size)
    name_bytes, extra_bytes, comment_bytes = form.CENTRAL_LAYOUT.unpack(fields)[9:12]
    entry = form.central_entry(fields, source.exactly(name_bytes), source.exactly(extra_bytes))
    source.exactly(comment_bytes)
    return entry


def _check_end64(source: ByteSource, directory: tuple[int, int, int]) -> None:
    start = source.position - 4
    size, _, _, _, _, _, *recorded = form.END64_LAYOUT.unpack(source.exactly(form.END64_LAYOUT.size))
    extra_bytes = size + 8 - form.END64_LAYOUT.size
    if tuple(recorded) != directory or not 0 <= extra_bytes <= END64_EXTRA_BYTES:
        raise CorruptZip("the zip64 end record does not fit the directory")
    source.exactly(extra_bytes)
    if source.exactly(4) != form.LOCATOR64:
        raise CorruptZip("the zip64 end record has no locator")
    _, at, _ = form.LOCATOR64_LAYOUT.unpack(source.exactly(form.LOCATOR64_LAYOUT.size))
    if at != start:
        raise CorruptZip("the zip64 locator points elsewhere")


def _check_end(source: ByteSource, directory: tuple[int, int, int], is_wide: bool) -> None:  # noqa: FBT001
    *disks, _, entries, size, offset, comment_bytes = form.END_LAYOUT.unpack(source.exactly(form.END_LAYOUT.size))
    if any(disk and not (is_wide and disk == form.ONES_16) for disk in disks):
        raise UnsupportedZip("the zip is one of several that belong together")
    ones = (form.ONES_16, form.ONES_32, form.ONES_32)
    for recorded, actual, all_ones in zip((entries, size, offset), directory, ones, strict=True):
        if recorded != actual and not (is_wide and recorded == all_ones):
            raise CorruptZip("the zip's end record does not fit the directory")
    source.exactly(comment_bytes)
    if source.peek(1):
        raise CorruptZip("more bytes follow the end of the zip")
