"""Lists the ids of batches by their names, without reading one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from forebay.store.interface import Store
from forebay.store.ledger.backwards import backwards


class BatchNames:
    """The names of all batches, those too that never were whole. Safe to share between threads. Raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def folders(self) -> Iterator[str]:
        """Lists the segments that stand for the ids of all batches."""
        return self._store.folders("batches/")

    def like(self, prefix: str, after: str = "") -> Iterator[str]:
        """Lists ids whose names begin so, in order, if they are plain: letters, digits, `_`, `-`, `.`.

        Pages through these names alone, those behind `after`.
        """
        return self._store.folders(f"batches/{prefix}", after=f"batches/{after}" if after else "")

    def dated(self, prefix: str, end: datetime, first: timedelta) -> Iterator[str]:
        """Lists ids of this beginning and a time before `end`, newest first; first those of the last so much time.

        A window's id is its extract's name, a dot and its start; another batch's ends in when it was made.
        """

        def between(start: datetime, until: datetime) -> Iterator[str]:
            for name in self.like(prefix, after=f"{prefix}{_stamp(start)}"):
                rest = name.removeprefix(prefix)
                if not rest[:1].isdigit() or rest >= _stamp(until):
                    return
                yield name

        return backwards(between, end, first)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M}"
