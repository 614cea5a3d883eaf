"""Reads where results go, as `layout` of a definition says it: `{extract}/window={window.start}/…/{name}.{ext}`.

A layout must lead different results to different places, whatever windows, accounts and names there will be: what may
not is refused when the spec is loaded, in a sentence. So each value has a width that cannot be mistaken or a segment of
its own, and the folder of a window comes before what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from forebay.config.near_miss import did_you_mean
from forebay.config.periods import Period, Unit
from forebay.config.write_mode import WriteMode

_TOKEN = re.compile(r"\{([^{}]*)\}|([^{}]+)")
#: What no client encodes in a URL, and `=` and `/`, as in Hive's partitions.
_TEXT = re.compile(r"[A-Za-z0-9._=/-]+")
_FORMAT = re.compile(r"(?:%[YmdHMSjGVu]|[A-Za-z0-9._=/-])+")
_DIRECTIVE = re.compile(r"%(.)")
_MOMENTS = ("window.start", "window.end")
_FIELDS = ("extract", "definition", *_MOMENTS, "batch", "account", "name", "ext")
#: What segments of a key may not begin with: files and folders that readers skip, options.
_HIDDEN = re.compile(r"(?:^|/)[/._-]")

#: Enough to tell two days apart.
_DAYS = ({"Y", "m", "d"}, {"Y", "j"}, {"G", "V", "u"})

_BY_BATCH = "{batch}/{account}/{name}.{ext}"
_OF_EXTRACTS = "{extract}/window={window.start}/account={account}/{name}.{ext}"
_OF_EXTRACTS_BY_BATCH = "{extract}/window={window.start}/batch={batch}/account={account}/{name}.{ext}"
_OF_BATCHES = "{definition}/account={account}/{name}.{ext}"


@dataclass(frozen=True, slots=True)
class Field:
    """A value that is filled in."""

    name: str
    format: str | None = None
    """Of a moment, as `strftime` takes it; None: as fine as the period of the windows."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where results go."""

    tokens: tuple[str | Field, ...]
    """Text as it stands, and what is filled in."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads it; raises ValueError, in a sentence for the spec's author, for what is none."""
        tokens = tuple(_tokens(text))
        layout = cls(tokens)
        layout._check()
        return layout

    def __str__(self) -> str:
        return "".join(
            token
            if isinstance(token, str)
            else f"{{{token.name}{f':{token.format}' if token.format is not None else ''}}}"
            for token in self.tokens
        )

    @property
    def names(self) -> set[str]:
        """Names what is filled in."""
        return {token.name for token in self.tokens if isinstance(token, Field)}

    @property
    def shares_places(self) -> bool:
        """Tells whether a window that runs again comes to the same place."""
        return "batch" not in self.names

    def problem(self, *, windows: str | None, fixed_window: bool, accounts: bool) -> str | None:
        """Says what it lacks so that no two results of a definition have one place; None where it lacks nothing.

        `windows`: how an extract's are cut; None for a batch, which may have a `fixed_window`. `accounts`: it names a
        group of them.
        """
        names = self.names
        if windows is None and "extract" in names:
            return "{extract} is the name of an extract, and this is a batch: write {definition}"
        if windows is None and not fixed_window and names & set(_MOMENTS):
            return "it has {window.start} or {window.end}, and this batch has no 'window'"
        if not names & {"extract", "definition", "batch"}:
            return "two definitions would have one place: it needs {extract}, {definition} or {batch}"
        if accounts and "account" not in names:
            return "all accounts would have one place: it needs {account}"
        if windows is not None and self.shares_places and (finest := self._lacks(windows)):
            return finest
        return None

    def _lacks(self, windows: str) -> str | None:
        if not self.names & set(_MOMENTS):
            return "all windows would have one place: it needs {window.start}"
        enough = _enough(windows)
        for moment in _MOMENTS:
            formats = [token.format for token in self.tokens if isinstance(token, Field) and token.name == moment]
            if any(written is None for written in formats):
                return None
            told = {each for written in formats for each in _DIRECTIVE.findall(written or "")}
            if any(needed <= told for needed in enough):
                return None
        finer = "write {window.start}, or its day, hour and minute as far as they differ"
        return f"several windows of {windows} would have one place: {finer}"

    def _check(self) -> None:
        # Each value a brace, each directive of a format too: its slashes divide folders as those of the text do.
        written = "".join(
            token
            if isinstance(token, str)
            else f"{{{token.name}}}"
            if token.format is None
            else _DIRECTIVE.sub("{}", token.format)
            for token in self.tokens
        )
        *folders, last = written.split("/")
        if last != "{name}.{ext}":
            raise ValueError("must end in '/{name}.{ext}', the file's own name")
        if any("{name}" in folder or "{ext}" in folder for folder in folders):
            raise ValueError("must have {name} and {ext} once, at the end: '/{name}.{ext}'")
        if _HIDDEN.search(written):
            raise ValueError("must not begin, or go on after a slash, with / . _ or -: readers skip such files")
        own = [folder for folder in folders if "{account}" in folder]
        if len(own) > 1 or any(folder.count("{") > 1 for folder in own):
            raise ValueError(
                "must have {account} once, and no other value between its slashes, as in '/account={account}/'"
            )
        behind = "/".join(folders).partition("{account}")[2]
        if "{" in behind:
            raise ValueError(
                "must have {account} behind all else but {name}, so that each window has a folder of its own"
            )


def default_layout(write: WriteMode | None, *, is_extract: bool) -> Layout:
    """Says where results go of a definition that does not say it."""
    if is_extract:
        return Layout.parse(_OF_EXTRACTS_BY_BATCH if write is WriteMode.VERSIONED else _OF_EXTRACTS)
    return Layout.parse(_BY_BATCH if write in (None, WriteMode.VERSIONED) else _OF_BATCHES)


def default_write(layout: Layout) -> WriteMode:
    """Says what happens where another result is, if a definition does not say it."""
    return WriteMode.REPLACE if layout.shares_places else WriteMode.VERSIONED


def write_problem(layout: Layout, write: WriteMode) -> str | None:
    """Says why results cannot be written so to such places; None where they can."""
    if write is WriteMode.VERSIONED and layout.shares_places:
        return "is 'versioned', and the layout has no {batch}: a window that runs again would come to the same place"
    if write is not WriteMode.VERSIONED and not layout.shares_places:
        return f"is '{write}', and the layout has {{batch}}: each batch has a place of its own, where nothing ever is"
    return None


def is_told_in_utc(windows: str) -> bool:
    """Tells whether moments of such windows are told in UTC: a wall shows some hours twice."""
    return _unit(windows) in (None, Unit.HOUR, Unit.MINUTE)


def default_format(windows: str | None) -> str:
    """Says how the moments of windows are told so that no two are alike; a batch's own window by its day."""
    match None if windows is None else _unit(windows):
        case Unit.MONTH:
            return "%Y-%m"
        case Unit.HOUR:
            return "%Y-%m-%dT%HZ"
        case Unit.DAY | Unit.WEEK:
            return "%Y-%m-%d"
        case _:
            return "%Y-%m-%d" if windows is None else "%Y-%m-%dT%H%MZ"


def _enough(windows: str) -> list[set[str]]:
    match _unit(windows):
        case Unit.MONTH:
            return [{"Y", "m"}, *_DAYS]
        case Unit.WEEK:
            return [{"G", "V"}, *_DAYS]
        case Unit.DAY:
            return [*_DAYS]
        case Unit.HOUR:
            return [days | {"H"} for days in _DAYS]
        case _:
            return [days | {"H", "M"} for days in _DAYS]


def _unit(windows: str) -> Unit | None:
    """Reads the unit of `every`; None for a cron line."""
    return None if " " in windows else Period.parse(windows).unit


def _tokens(text: str) -> Iterator[str | Field]:
    position = 0
    for found in _TOKEN.finditer(text):
        if found.start() != position:
            break
        position = found.end()
        yield _field(found[1]) if found[1] is not None else _literal(found[2])
    if position != len(text):
        raise ValueError(f"has a brace that stands alone: values are {_known()}")


def _literal(text: str) -> str:
    if _TEXT.fullmatch(text) is None:
        odd = next(letter for letter in text if _TEXT.fullmatch(letter) is None)
        raise ValueError(f"has {odd!r} in it; beside values it is letters, digits and . _ - = /")
    return text


def _field(text: str) -> Field:
    name, colon, written = text.partition(":")
    if name not in _FIELDS:
        raise ValueError(f"has no value {{{name}}}{did_you_mean(name, _FIELDS)}")
    if not colon:
        return Field(name)
    if name not in _MOMENTS:
        raise ValueError(f"has one way only to write {{{name}}}: leave '{colon}{written}' out")
    if _FORMAT.fullmatch(written) is None:
        raise ValueError(f"writes {{{name}}} by %Y %m %d %H %M %S %j %G %V %u and text between, not by '{written}'")
    return Field(name, written)


def _known() -> str:
    return ", ".join(f"{{{name}}}" for name in _FIELDS)
