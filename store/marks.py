"""Marks beside the ledger's batches: what was decided about a window once, so that nobody decides it again.

    extracts/<name>/since.json               when the extract was first seen
    extracts/<name>/skipped/<window>.json    dropped, since the one before it still ran
    extracts/<name>/late/<window>.json       people were told that it is late
    extracts/<name>/paused.json              people asked for no new windows, and why

Beats write them, with `create`: of several beats one wins; a pause is the command line's. Beats and `forebay extracts`
read them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.object_keys import segment
from forebay.store.records import Pause, dump_moment, dump_pause, load_moment, load_pause

Kind = Literal["skipped", "late"]


class Marks:
    """Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, extract: str, kind: Kind, window: str, at: datetime) -> bool:
        """False: it was there. After a lost answer it may be this call's own, so people may be told once too little."""
        return self._store.create(_key(extract, kind, window), dump_moment(at))

    def has(self, extract: str, kind: Kind, window: str) -> bool:
        return self._store.size(_key(extract, kind, window)) is not None

    def all(self, extract: str, kind: Kind) -> Iterator[str]:
        """Names of the windows that have this mark."""
        prefix = f"extracts/{segment(extract)}/{kind}/"
        for key in self._store.list(prefix):
            yield key.removeprefix(prefix).removesuffix(".json")

    def first_seen(self, extract: str, now: datetime) -> datetime:
        """When the extract was first seen: now, if never before."""
        key = f"extracts/{segment(extract)}/since.json"
        try:
            return load_moment(key, self._store.get(key))
        except NotFound:
            self._store.create(key, dump_moment(now))
            return load_moment(key, self._store.get(key))

    def pause(self, extract: str, pause: Pause) -> bool:
        """No new windows from now on; False if it was paused before, and that reason stays."""
        return self._store.create(_pause_key(extract), dump_pause(pause))

    def resume(self, extract: str) -> bool:
        """New windows again; False if it was not paused."""
        if self.paused(extract) is None:
            return False
        self._store.delete(_pause_key(extract))
        return True

    def paused(self, extract: str) -> Pause | None:
        key = _pause_key(extract)
        try:
            return load_pause(key, self._store.get(key))
        except NotFound:
            return None


def _pause_key(extract: str) -> str:
    return f"extracts/{segment(extract)}/paused.json"


def _key(extract: str, kind: Kind, window: str) -> str:
    return f"extracts/{segment(extract)}/{kind}/{segment(window)}.json"
