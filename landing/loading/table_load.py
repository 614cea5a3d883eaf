"""Says what is to be loaded into one table: from manifests to windows, slices and files, in the order of time.

A window is what a load replaces as a whole, in one transaction: all rows of it go, and what its manifests name comes.
So loading twice, or a window that ran again, changes nothing but that. Queries without a window are replaced by batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from forebay.landing.errors import NotLoadable
from forebay.landing.manifest import Manifest
from forebay.store.ledger.batch_policy import Span

#: Columns that every table has behind those of its results: of which window, account and batch a row is.
WINDOW_START, WINDOW_END, ACCOUNT, BATCH = "_window_start", "_window_end", "_account", "_batch"
OWN_COLUMNS = (WINDOW_START, WINDOW_END, ACCOUNT, BATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadColumn:
    """A column of the results."""

    name: str
    type: str
    """As a manifest tells it (`text`, `bigint`, `decimal(38,2)`, …); of a CSV all are text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFile:
    """One object that is loaded."""

    key: str
    """In its destination."""
    url: str
    """Where the warehouse reads it."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Files of one batch, account and format: what one statement loads."""

    batch: str
    account: str | None
    format: str
    files: tuple[LoadFile, ...]

    @property
    def is_csv(self) -> bool:
        """Tells text, in which an empty field may be a NULL, from what has types."""
        return self.format.startswith("csv")

    def lots(self, most: int) -> Iterator[Sequence[LoadFile]]:
        """Yields the files, so many at a time: what one statement may name."""
        for start in range(0, len(self.files), most):
            yield self.files[start : start + most]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLoad:
    """What one transaction replaces."""

    batch: str
    """The last one whose results it has: at places that batches share, those of several may lie."""
    window: Span | None
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLoad:
    """All that is loaded into one table."""

    table: str
    """Its name, with a schema before a dot where one was given."""
    columns: tuple[LoadColumn, ...]
    windows: tuple[WindowLoad, ...]

    @property
    def formats(self) -> set[str]:
        """Names the formats of its files."""
        return {each.format for window in self.windows for each in window.slices}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loadable:
    """One result, and where the warehouse finds it."""

    manifest: Manifest
    window: Span | None
    url: str


def table_load(table: str, results: Iterable[Loadable]) -> TableLoad:
    """Gathers the results of one query. Raises NotLoadable where they do not fit into one table."""
    ordered = sorted(results, key=_place)
    first = ordered[0].manifest
    columns = _columns(first)
    _check_columns(first, columns)
    for each in ordered[1:]:
        if _columns(each.manifest) != columns:
            raise NotLoadable(
                f"the columns of {first.name!r} are not the same in {first.batch} and {each.manifest.batch}: "
                "load the two apart, each into a table of its own (--table)"
            )
    windows = tuple(_windows(ordered))
    _check_overlap(windows)
    return TableLoad(table=table, columns=columns, windows=windows)


def _place(result: Loadable) -> tuple[datetime, str, str, str]:
    start = result.window.start if result.window else datetime.min.replace(tzinfo=UTC)
    return start, result.manifest.batch, result.manifest.account or "", result.manifest.object.key


def _windows(results: Sequence[Loadable]) -> Iterator[WindowLoad]:
    windows: dict[Span | str, list[Loadable]] = {}
    for each in results:
        windows.setdefault(each.window or each.manifest.batch, []).append(each)
    for of_window in windows.values():
        last = of_window[-1]
        yield WindowLoad(batch=last.manifest.batch, window=last.window, slices=tuple(_slices(of_window)))


def _check_overlap(windows: Sequence[WindowLoad]) -> None:
    """Refuses windows of two grids, as after a period was changed: what both saw would be there twice."""
    spans = [(each.batch, each.window) for each in windows if each.window]
    for (first, window), (second, following) in pairwise(spans):
        if following.start < window.end and following != window:
            raise NotLoadable(
                f"the windows of {first} and {second} overlap, so rows of both would be there twice: load "
                "their batches by name, each period into a table of its own (--table)"
            )


def _slices(results: Sequence[Loadable]) -> Iterator[Slice]:
    slices: dict[tuple[str, str | None, str], list[LoadFile]] = {}
    for each in results:
        stored = each.manifest.object
        file = LoadFile(key=stored.key, url=each.url, bytes=stored.bytes, sha256=stored.sha256)
        slices.setdefault((each.manifest.batch, each.manifest.account, stored.format), []).append(file)
    for (batch, account, container), files in slices.items():
        yield Slice(batch=batch, account=account, format=container, files=tuple(files))


def _columns(manifest: Manifest) -> tuple[LoadColumn, ...]:
    if manifest.table:
        return tuple(LoadColumn(name=column.name, type=column.type) for column in manifest.table.columns)
    return tuple(LoadColumn(name=name, type="text") for name in manifest.csv.columns)


def _check_columns(manifest: Manifest, columns: Sequence[LoadColumn]) -> None:
    seen = set(OWN_COLUMNS)
    for column in columns:
        folded = column.name.casefold()
        if not folded or folded in seen:
            what = "a column without a name" if not folded else f"a second column {column.name!r}"
            raise NotLoadable(f"{manifest.name!r} has {what}, which no table takes: name it in the SQL (AS …)")
        seen.add(folded)
    if not columns:
        raise NotLoadable(f"{manifest.name!r} has no header, so nobody knows its columns")
