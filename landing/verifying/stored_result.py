"""Checks a stored result against its manifest: its bytes, their sha256, what is in them. Reads it once, as a stream."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import IO

from forebay.landing.content import Content
from forebay.landing.errors import BadManifest, LandingError
from forebay.landing.formats.containers import CONTAINERS, CSV
from forebay.landing.manifest import Manifest, parse_manifest
from forebay.landing.parquet_extra import WAY_OUT, missing
from forebay.landing.spool import opened_spool
from forebay.landing.verifying.discrepancies import Checked, Discrepancy, Discrepant
from forebay.store.errors import NotFound, StoreError
from forebay.store.interface import Store

#: A result that lands again while it is read is another one: its manifest has changed then, and it is read once more.
_TRIES = 3
_OTHER_BYTES = "as many bytes as its manifest says, and not the same: sha256 differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReading:
    """How results are read."""

    store: Store
    is_known: Callable[[str, bytes], bool] = lambda _key, _digest: False
    """Tells whether what a manifest of these bytes vouches for was found well earlier."""
    progress: Callable[[int], None] = lambda _: None
    """Gets the bytes of each piece that was read; what it raises ends the reading."""


def check_stored(reading: TreeReading, key: str) -> Checked:
    """Checks the result that this manifest vouches for. Raises what `progress` raises, and no StoreError."""
    checked = _check(reading, key)
    for _ in range(_TRIES - 1):
        if not checked.findings or _digest(reading.store, key) in (checked.digest, b""):
            break
        checked = _check(reading, key)
    return checked


def beside(key: str, name: str) -> str:
    """Gives the key of what lies beside `key` under the last segment of `name`, wherever the tree was copied to."""
    return key.rpartition("/")[0] + "/" * ("/" in key) + name.rpartition("/")[2]


def _digest(store: Store, key: str) -> bytes:
    try:
        return hashlib.sha256(store.get(key)).digest()
    except StoreError:
        return b""


def _check(reading: TreeReading, key: str) -> Checked:
    try:
        data = reading.store.get(key)
    except NotFound:
        return _alone(key, Discrepant.MISSING, "it was there when the folder was listed, and is gone")
    except StoreError as error:
        return _alone(key, Discrepant.UNREADABLE, str(error))
    checked = Checked(key=key, digest=hashlib.sha256(data).digest())
    try:
        manifest = parse_manifest(key, data)
    except BadManifest as error:
        return replace(checked, findings=(Discrepancy(kind=Discrepant.BROKEN, key=key, message=error.why),))
    checked = replace(checked, object_key=beside(key, manifest.object.key), records=manifest.csv.records or 0)
    try:
        if reading.is_known(key, checked.digest):
            return _still_there(reading.store, checked, manifest)
        return _read(reading, checked, manifest)
    except StoreError as error:
        return _found(checked, Discrepant.UNREADABLE, str(error))


def _alone(key: str, kind: Discrepant, message: str) -> Checked:
    return Checked(key=key, findings=(Discrepancy(kind=kind, key=key, message=message),))


def _found(checked: Checked, kind: Discrepant, message: str) -> Checked:
    finding = Discrepancy(kind=kind, key=checked.object_key or checked.key, message=message)
    return replace(checked, findings=(*checked.findings, finding))


def _still_there(store: Store, checked: Checked, manifest: Manifest) -> Checked:
    size = store.size(checked.object_key or "")
    checked = replace(checked, remembered=True)
    return checked if size == manifest.object.bytes else _of_size(checked, manifest, size)


def _of_size(checked: Checked, manifest: Manifest, size: int | None) -> Checked:
    if size is None:
        return _found(checked, Discrepant.MISSING, "its manifest is there, and it is not")
    kind = Discrepant.TRUNCATED if size < manifest.object.bytes else Discrepant.CHANGED
    return _found(checked, kind, f"{size:,} bytes, and its manifest says {manifest.object.bytes:,}")


class _Bytes:
    """An object's bytes on their way in, counted and hashed."""

    def __init__(self, chunks: Iterator[bytes], progress: Callable[[int], None], *, hashed: bool) -> None:
        self.read = 0
        self._chunks = chunks
        self._progress = progress
        self._sha256 = hashlib.sha256() if hashed else None

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.read += len(chunk)
            if self._sha256:
                self._sha256.update(chunk)
            self._progress(len(chunk))
            yield chunk

    def drain(self) -> None:
        """Reads what nobody has asked for: also what follows the end of a zip has to be as it was."""
        for _ in self:
            pass

    @property
    def sha256(self) -> str | None:
        return self._sha256.hexdigest() if self._sha256 else None


def _read(reading: TreeReading, checked: Checked, manifest: Manifest) -> Checked:
    stored = manifest.object
    # Of plain CSV the object is the content: hashing it twice would cost as much as all else.
    source = _Bytes(reading.store.open(checked.object_key or ""), reading.progress, hashed=stored.format != CSV.suffix)
    content = Content()
    container = CONTAINERS.get(stored.format)
    with opened_spool() as spool:
        try:
            if container is None:
                words = f"bytes and sha256 are well; this Forebay reads no {stored.format}"
            elif container.csv_in is None:
                words = ""
                for chunk in source:
                    spool.write(chunk)
            else:
                words = _csv_inside(container.csv_in(iter(source), manifest.csv.bytes), manifest, content)
            source.drain()
        except NotFound:
            return _of_size(checked, manifest, None)
        checked = replace(checked, read_bytes=source.read)
        if source.read != stored.bytes:
            return _of_size(checked, manifest, source.read)
        if (source.sha256 or content.sha256) != stored.sha256:
            return _found(checked, Discrepant.CHANGED, _OTHER_BYTES)
        if container is None:
            return _found(checked, Discrepant.UNREADABLE, words)
        if container.csv_in is None:
            # Only now: what reads it is not made for bytes that anybody may have changed.
            return _rows_inside(checked, spool.rewound(), manifest)
        return _found(checked, Discrepant.CONTRADICTED, words) if words else checked


def _csv_inside(pieces: Iterator[bytes], manifest: Manifest, content: Content) -> str:
    """Reads the CSV in an object; says what of it is not as the manifest says."""
    try:
        for piece in pieces:
            content.feed(piece)
    except LandingError as error:
        return f"no {manifest.object.format} of {manifest.csv.bytes:,} bytes of CSV: {error}"
    return _of_csv(manifest, content)


def _of_csv(manifest: Manifest, content: Content) -> str:
    said = manifest.csv
    return _differences(
        {
            "bytes of CSV": (said.bytes, content.bytes),
            "sha256 of the CSV": (said.sha256, content.sha256),
            "records": (said.records, content.records),
            "columns": (said.columns, content.columns),
        }
    )


def _rows_inside(checked: Checked, file: IO[bytes], manifest: Manifest) -> Checked:
    """Reads the rows of what holds rows and no CSV."""
    if problem := missing():
        why = f"bytes and sha256 are well; its rows were not read: {problem}, {WAY_OUT}"
        return _found(checked, Discrepant.UNREADABLE, why)
    from forebay.landing.parquet_rows import parquet_shape  # the extra, which only who has such results needs

    try:
        columns, records = parquet_shape(file)
    except LandingError as error:
        return _found(checked, Discrepant.CONTRADICTED, f"no {manifest.object.format}: {error}")
    named = tuple(column.name for column in manifest.table.columns) if manifest.table else columns
    words = _differences(
        {
            "records": (manifest.csv.records, records),
            "columns": (named, columns),
            "columns of the CSV": (len(manifest.csv.columns), len(columns)),
        }
    )
    return _found(checked, Discrepant.CONTRADICTED, words) if words else checked


def _differences(pairs: Mapping[str, tuple[object, object]]) -> str:
    return "; ".join(_difference(name, *pair) for name, pair in pairs.items() if pair[0] != pair[1])


def _difference(name: str, said: object, found: object) -> str:
    if name == "sha256 of the CSV":
        return f"the {name} is another one"
    if name == "columns" and isinstance(said, tuple):
        return "the columns are others"
    return f"{_counted(found)} {name}, and its manifest says {_counted(said)}"


def _counted(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else "none that can be counted"
