"""Keeps marks beside the ledger's batches: what was decided about a window once, so that nobody decides it again.

    extracts/<name>/since.json               when the extract was first seen
    extracts/<name>/skipped/<window>.json    dropped, since the one before it still ran
    extracts/<name>/late/<window>.json       people were told that it is late
    extracts/<name>/paused.json              people asked for no new windows, and why

Beats write them, with `create`: of several beats one wins; a pause is the command line's. Beats and `forebay extracts`
read them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.record_kind import RecordKind
from forebay.store.ledger.records import ExtractPause, Moment

MarkKind = Literal["skipped", "late"]


def _folder(extract: str) -> str:
    return f"extracts/{segment(extract)}"


def _since_key(extract: str) -> str:
    return f"{_folder(extract)}/since.json"


def _mark_key(extract: str, kind: MarkKind, window: str) -> str:
    return f"{_folder(extract)}/{kind}/{segment(window)}.json"


def _pause_key(extract: str) -> str:
    return f"{_folder(extract)}/paused.json"


_SINCE = RecordKind(TypeAdapter(Moment), _since_key)
_MARK = RecordKind(TypeAdapter(Moment), _mark_key)
_PAUSE = RecordKind(TypeAdapter(ExtractPause), _pause_key)


class Marks:
    """Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store, former_names: Mapping[str, Sequence[str]] | None = None) -> None:
        """Takes marks of extracts that were renamed for those of what they are called now."""
        self._store = store
        self._former_names = former_names or {}

    def names(self, extract: str) -> tuple[str, ...]:
        """Lists the names of an extract, that of now first."""
        return (extract, *self._former_names.get(extract, ()))

    def add(self, extract: str, kind: MarkKind, window: str, at: datetime) -> bool:
        """Marks a window; False: it was marked.

        After a lost answer the mark may be this call's own, so people may be told once too little.
        """
        return _MARK.create(self._store, Moment(at=at), extract, kind, window)

    def has(self, extract: str, kind: MarkKind, window: str) -> bool:
        """Tells whether a window has this mark."""
        return any(_MARK.exists(self._store, name, kind, window) for name in self.names(extract))

    def all(self, extract: str, kind: MarkKind, since: str = "") -> Iterator[str]:
        """Lists the names of the windows that have this mark; with `since` those alone whose names are behind it."""
        for name in self.names(extract):
            prefix = f"{_folder(name)}/{kind}/"
            for key in self._store.list(prefix, after=f"{prefix}{since}" if since else ""):
                yield key.removeprefix(prefix).removesuffix(".json")

    def forget(self, extract: str, kind: MarkKind, windows: Iterable[str]) -> None:
        """Takes this mark away from windows that nobody asks about any more."""
        self._store.delete_all(_mark_key(extract, kind, window) for window in windows)

    def extracts(self) -> Iterator[str]:
        """Lists the names of the extracts that were ever seen."""
        yield from self._store.folders("extracts/")

    def first_seen(self, extract: str, now: datetime) -> datetime:
        """Tells when the extract was first seen: now, if never before."""
        if (since := self.known_since(extract)) is not None:
            return since
        _SINCE.create(self._store, Moment(at=now), extract)
        return _SINCE.get(self._store, extract).at  # another beat may have been the first

    def known_since(self, extract: str) -> datetime | None:
        """Tells when the extract was first seen, if it ever was."""
        since = [known.at for name in self.names(extract) if (known := _SINCE.find(self._store, name))]
        return min(since, default=None)

    def pause(self, extract: str, pause: ExtractPause) -> bool:
        """Asks for no new windows from now on; False if it was paused before, and that reason stays."""
        return self.paused(extract) is None and _PAUSE.create(self._store, pause, extract)

    def resume(self, extract: str) -> bool:
        """Asks for new windows again; False if it was not paused."""
        if self.paused(extract) is None:
            return False
        for name in self.names(extract):
            self._store.delete(_PAUSE.key(name))
        return True

    def paused(self, extract: str) -> ExtractPause | None:
        """Reads since when and why there are no new windows, if so."""
        pauses = (_PAUSE.find(self._store, name) for name in self.names(extract))
        return next((pause for pause in pauses if pause), None)
