"""Keeps why runs failed: each failure under its attempt and the fence of who saw it, so that none covers a newer one.

    batches/<id>/<lane>/failed/<index>/<attempt>-<fence>.json      why the attempt failed
    batches/<id>/<lane>/failed/<index>/<attempt>-<fence>.retried   somebody asked for another try: this is history

A retried mark is empty, or holds the text that the run asks from then on. It is created once, so the text of an attempt
never changes: replaying the attempt's idempotency key sends what it was sent with.

A holder that slept through its custody still writes its old word, under an older fence, and nobody goes by it. Before
there were fences a run had one record, `failed-<index>.json`, which is read as the oldest.
"""

import heapq
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from pydantic import TypeAdapter

from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.ledger.record_kind import RecordKind
from forebay.store.ledger.records import FailureRecord, MendedText

_OLD = re.compile(r"failed-(\d{9})\.json")
_NEW = re.compile(r"failed/(\d{9})/(\d{4,})-(\d{20})\.(json|retried)")

_FAILURE = RecordKind(TypeAdapter(FailureRecord), lambda key: key)
_TEXT = RecordKind(TypeAdapter(MendedText), lambda key: key)


class _Word(NamedTuple):
    """One object that speaks of a run's failures; the order is that of time."""

    attempt: int
    fence: int
    retried: bool
    key: str

    @property
    def place(self) -> tuple[int, int]:
        return self.attempt, self.fence


class FailureRecords:
    """The failures of one flow, whose folder is given. Every method raises StoreError."""

    def __init__(self, store: Store, folder: str) -> None:
        self._store = store
        self._folder = folder

    def add(self, index: int, failure: FailureRecord) -> None:
        """Keeps why a run failed."""
        _FAILURE.put(self._store, failure, self._key(index, failure, "json"))

    def retry(self, index: int, failure: FailureRecord, sql: str | None = None) -> None:
        """Keeps that this failure, and all before it, are no longer the run's end; with `sql`, what it asks next.

        Where that was kept before, it stays as it is.
        """
        mark = b"" if sql is None else _TEXT.dump(MendedText(sql=sql))
        self._store.create(self._key(index, failure, "retried"), mark)

    def text(self, index: int, attempt: int) -> str | None:
        """Reads the text that this attempt of a run was given in place of the item's own, if it was."""
        words = [word for _, word in self._new(f"failed/{index:09d}/") if word.retried and word.attempt < attempt]
        for word in sorted(words, reverse=True):
            if mark := self._store.get(word.key):
                return _TEXT.load(word.key, mark).sql
        return None

    def of(self, index: int) -> FailureRecord | None:
        """Reads the newest failure of a run, if it had one."""
        words = [word for _, word in self._new(f"failed/{index:09d}/")]
        with suppress(NotFound):
            return self._newest(words) or self._newest([*words, _old_word(f"{self._folder}/failed-{index:09d}.json")])
        return None

    def past(self, index: int) -> Iterator[FailureRecord]:
        """Reads every failure of a run, in the order of its attempts."""
        for _, word in self._new(f"failed/{index:09d}/"):
            if not word.retried:
                yield replace(_FAILURE.read(self._store, word.key), fence=word.fence)

    def all(self) -> Iterator[tuple[int, FailureRecord]]:
        """Reads the newest failure of each run that had one, in order: a page of keys a request, then one each."""
        words = heapq.merge(self._old(), self._new("failed/"), key=lambda each: each[0])
        for index, group in groupby(words, key=lambda each: each[0]):
            failure = self._newest([word for _, word in group])
            if failure:
                yield index, failure

    def _newest(self, words: list[_Word]) -> FailureRecord | None:
        told = [word for word in words if not word.retried]
        if not told:
            return None
        newest = max(told)
        failure = replace(_FAILURE.read(self._store, newest.key), fence=newest.fence)
        retried = any(word.retried and word.place >= (failure.attempt, newest.fence) for word in words)
        return replace(failure, retried=failure.retried or retried)

    def _old(self) -> Iterator[tuple[int, _Word]]:
        for key in self._store.list(f"{self._folder}/failed-"):
            found = _OLD.fullmatch(key.removeprefix(f"{self._folder}/"))
            if found:
                yield int(found[1]), _old_word(key)

    def _new(self, below: str) -> Iterator[tuple[int, _Word]]:
        for key in self._store.list(f"{self._folder}/{below}"):
            found = _NEW.fullmatch(key.removeprefix(f"{self._folder}/"))
            if found:
                index, attempt, fence, suffix = found.groups()
                yield int(index), _Word(int(attempt), int(fence), suffix == "retried", key)

    def _key(self, index: int, failure: FailureRecord, suffix: str) -> str:
        return f"{self._folder}/failed/{index:09d}/{failure.attempt:04d}-{failure.fence:020d}.{suffix}"


def _old_word(key: str) -> _Word:
    """Takes a record without a fence for older than any that has one; its attempt stands in it."""
    return _Word(attempt=-1, fence=0, retried=False, key=key)
