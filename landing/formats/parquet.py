"""Stores a result as a Parquet file, with types and compressed by zstd: format `parquet`, of the extra of that name.

It is written as the result arrives, in the memory of one row group. Where a value that does not fit has to be told
with a file that can be looked at, the result as it came waits in a spool meanwhile: such a column is text, and a file
has one type for all of a column.
"""

from collections.abc import Callable, Iterator, Sequence

from forebay.config.result_columns import TEXT, ColumnType
from forebay.landing.body import Incoming
from forebay.landing.content import Content
from forebay.landing.csv_blocks import blocks, header_and_rest
from forebay.landing.errors import Misfit, NoTable
from forebay.landing.formats.containers import PARQUET
from forebay.landing.formats.format import Limits
from forebay.landing.formats.stored_table import StoredColumn, StoredTable
from forebay.landing.output import Output, Target, copied
from forebay.landing.parquet_extra import require_parquet
from forebay.landing.spool import Spool
from forebay.landing.zipstream import unzip

BLOCK_BYTES = 8 << 20
MOST_RECORD_BYTES = 64 << 20
_AS_IT_IS = "a format of CSV (csv.gz) stores it as it is"


def parquet(body: Incoming, content: Content, target: Target, limits: Limits) -> Output:
    """Writes the file: a `landing.formats.format.Format`. Raises LandingError; ExtraMissing without the extra."""
    require_parquet()
    spool = target.spool() if target.columns.keep_misfits else None
    pieces = copied(_arriving(body, spool, limits), content.feed)
    misfits: dict[int, Misfit] = {}
    try:
        try:
            return _written(pieces, content, target, misfits)
        except Misfit:
            if spool is None:
                raise
        # All that do not fit are known by now.
        pieces = _kept(_again(body, spool, limits), target.keep)
        return _written(pieces, content, target, misfits)
    except NoTable as error:
        # Before the result is blamed: has it come whole?
        _drain(pieces)
        body.check_whole(content)
        raise NoTable(f"the result cannot be a table: {error}; {_AS_IT_IS}") from error


def _written(pieces: Iterator[bytes], content: Content, target: Target, misfits: dict[int, Misfit]) -> Output:
    """Writes one file from the CSV, with the columns that had misfits as text; notes those that have some now.

    Raises NoTable, StoreError, and the first Misfit once all of the CSV was read.
    """
    from forebay.landing.formats.parquet_file import ParquetFile

    cut = blocks(pieces, block_bytes=BLOCK_BYTES, most_bytes=MOST_RECORD_BYTES)
    header, rest = header_and_rest(next(cut, b""))
    wanted = target.columns.types_of(header)
    types = [TEXT if place in misfits else kind for place, kind in enumerate(wanted)]
    names = names_of(header)
    output = target.open(PARQUET)
    file = ParquetFile(output, names, types, target.columns.nulls)
    try:
        if rest:
            file.write(rest)
        for block in cut:
            file.write(block)
        if file.misfits:
            misfits.update(file.misfits)
            raise next(iter(file.misfits.values()))
        if file.rows != content.records:
            raise NoTable("its records cannot be told apart: quotes do not pair up, or a carriage return stands alone")
        file.close()
    except BaseException:
        file.give_up()
        raise
    output.table = StoredTable(
        columns=tuple(_stored(names, types, misfits)), nulls=target.columns.nulls, row_groups=file.row_groups
    )
    return output


def names_of(header: Sequence[str]) -> list[str]:
    """Names the columns so that each name is there once, upper and lower case alike: readers take them for one.

    The second `id` is `id_2`; one without a name is `_col` and its place from 0, as Trino would call it.
    """
    wanted = {name.lower() for name in header if name}
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    names: list[str] = []
    for place, name in enumerate(header):
        plain = name or f"_col{place}"
        free, number = plain, numbers.get(plain.lower(), 1)
        while free.lower() in taken or (free != name and free.lower() in wanted):
            number += 1
            free = f"{plain}_{number}"
        numbers[plain.lower()] = number
        taken.add(free.lower())
        names.append(free)
    return names


def _stored(names: Sequence[str], types: Sequence[ColumnType], misfits: dict[int, Misfit]) -> Iterator[StoredColumn]:
    for place, (name, kind) in enumerate(zip(names, types, strict=True)):
        misfit = misfits.get(place)
        yield StoredColumn(name=name, type=str(kind), misfit=str(misfit) if misfit else None)


def _arriving(body: Incoming, spool: Spool | None, limits: Limits) -> Iterator[bytes]:
    """Yields the CSV; a spool gets what came."""
    if spool is None:
        yield from body.csv(max_bytes=limits.max_csv_bytes)
    elif body.is_zip:
        yield from unzip(copied(body.chunks(), spool.write), max_bytes=limits.max_csv_bytes)
    else:
        yield from copied(body.csv(max_bytes=limits.max_csv_bytes), spool.write)


def _again(body: Incoming, spool: Spool, limits: Limits) -> Iterator[bytes]:
    return unzip(spool.chunks(), max_bytes=limits.max_csv_bytes) if body.is_zip else spool.chunks()


def _kept(pieces: Iterator[bytes], keep: Callable[[], None]) -> Iterator[bytes]:
    for piece in pieces:
        keep()
        yield piece


def _drain(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass
