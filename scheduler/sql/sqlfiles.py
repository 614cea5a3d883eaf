"""Reads SQL from files: by name or glob, byte for byte.

For what a user hands in (`queries.py`) and for what the spec names (`sources.py`); paths count from a folder.
"""

import glob
import os
import re
from pathlib import Path

from forebay.config.near_miss import near_miss
from forebay.scheduler.errors import InputError

#: What begins like a query, and is no name that anybody gives to a file.
_SQL = re.compile(r"\s*(select|with|--|/\*)\s", re.IGNORECASE)


def is_sql(source: str) -> bool:
    """Tells whether it begins like a query, and not like the name of a file."""
    return _SQL.match(source) is not None


def paths(source: str, folder: Path = Path()) -> list[Path]:
    """Finds one file, or what a glob matches: shells pass a pattern on as it is when nothing matches it."""
    try:
        return _paths(source, folder)
    except OSError as error:  # no file can have such a name
        raise InputError(f"{source[:40]!r} names no file: {error.strerror}") from error


def _paths(source: str, folder: Path) -> list[Path]:
    named = folder / source
    if is_sql(source) and not os.path.lexists(named):
        raise InputError(f"{source[:40]!r} is SQL and no file; hand it over on standard input (forebay run -)")
    if named.is_file():
        return [named]
    if named.is_dir():
        raise InputError(f"{source} is a folder; name its files, for example {source.rstrip('/')}/*.sql")
    # glob and not Path.glob: the pattern may be absolute.
    matches = glob.glob(source, root_dir=folder, recursive=True)  # noqa: PTH207
    files = sorted(folder / match for match in matches if (folder / match).is_file())
    if not files and glob.has_magic(source):
        raise InputError(f"no file matches {source}{_near(source, folder)}")
    if not files:
        raise InputError(f"there is no file {source}{_near(source, folder)}")
    return files


def _near(source: str, folder: Path) -> str:
    """Names the near miss of the first part of a path that is not there, if it has one."""
    parts = Path(source).parts
    for number, part in enumerate(parts):
        here = folder.joinpath(*parts[:number])
        if (here / part).exists():
            continue
        if glob.has_magic(part) or not here.is_dir():
            return ""
        last = number == len(parts) - 1
        known = sorted(path.name for path in here.iterdir() if path.is_file() == last)
        leading = "".join(f"{above}/" for above in parts[:number])
        meant = part if Path(part).suffix or not last else f"{part}.sql"  # often forgotten
        return near_miss(meant, known).replace("mean '", f"mean '{leading}", 1)
    return ""


def text_of(path: Path) -> str:
    """Reads what a file holds. Raises `InputError`."""
    try:
        # As bytes: reading as text would turn CRLF into LF, and SQL is kept byte for byte. A BOM is no SQL.
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(not_utf8(str(path), error)) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def not_utf8(origin: str, error: UnicodeDecodeError) -> str:
    """Says that something is no text that we read, and what it probably is instead."""
    if error.object[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return f"{origin} is UTF-16, as spreadsheets save Unicode text; save it as UTF-8"
    return f"{origin} is not UTF-8 text (byte {error.start})"
