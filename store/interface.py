"""Defines the one small interface that all durable bytes pass through.

`store.open` makes one from a URL; `store.ledger.ledger` and `landing` use it; `store.local` and `store.s3` are it.
Keys are relative to the store's URL, with `/` between segments (`store.key_rules` says which are good).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr


class Writer(Protocol):
    """An object being written. It exists for readers only after `commit`."""

    def write(self, data: bytes) -> None:
        """Appends bytes. May block until the sink has taken earlier ones; raises StoreError if it refused them."""

    def commit(self) -> None:
        """Publishes the object whole, replacing an older one; nothing may be written after it."""


class Store(Protocol):
    """A place for objects. Safe to share between threads. Every method raises StoreError and no other I/O error."""

    @property
    def url(self) -> str:
        """Names the place itself, as `s3://bucket/prefix` or `file:///folder`."""

    def url_of(self, key: str) -> str:
        """Gives the address of one object, for people and manifests."""

    def signed_url(self, key: str, for_s: int) -> SecretStr:
        """Makes an address by which anybody may read an object for so many seconds, whether there is one or not.

        It is as good as the object: never kept, never logged. Raises NotSigned.
        """

    def writer(self, key: str, *, content_type: str | None = None) -> AbstractContextManager[Writer]:
        """Writes an object of any size in bounded memory; leaving without `commit` leaves nothing behind."""

    def put(self, key: str, data: bytes) -> None:
        """Stores a small object, replacing an older one."""

    def create(self, key: str, data: bytes) -> bool:
        """Stores a small object unless one is there; False says that one was.

        After a lost answer the object that "was there" may be this very call's own, so a caller for whom that
        matters writes something into the data that it can recognise.
        """

    def copy(self, source: str, target: str) -> None:
        """Makes `target` the same as `source`, replacing an older one; it appears whole. Raises NotFound."""

    def get(self, key: str) -> bytes:
        """Reads the whole of a small object. Raises NotFound."""

    def open(self, key: str) -> Iterator[bytes]:
        """Yields an object's bytes in pieces. Raises NotFound at the first piece, Unavailable if it breaks off."""

    def size(self, key: str) -> int | None:
        """Gives the length in bytes, or None if there is no such object."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """Lists the keys that begin with `prefix`, in the order of their UTF-8 bytes, fetched page by page.

        With `after` only those behind this key, which need not exist: what is before it costs nothing.
        """

    def folders(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """Lists the different segments that follow `prefix`, without listing what is in them.

        A prefix that does not end in `/` goes on into the segment: `batches/fees.` gives `fees.a` and `fees.b`. `after`
        is a key, as for `list`: `batches/fees.b` gives `fees.b`, whose keys are behind it, and not `fees.a`.
        """

    def delete(self, key: str) -> None:
        """Removes an object; no error if there is none."""

    def delete_all(self, keys: Iterable[str]) -> None:
        """Removes objects, in no order, many in one request where the store knows that; no error if there are none."""

    def probe(self) -> None:
        """Proves with a tiny object that writing, reading and deleting work.

        Raises NoSuchBucket, Denied, OptionRefused or Unavailable, with the way out in the message.
        """

    def sweep(self, now: datetime, ours: Callable[[str], bool]) -> int:
        """Removes what writers left behind that ended without a word; returns how many objects those would have been.

        Never touches what a living process writes. In a bucket others may write too, so there only keys that are
        `ours` are looked at. The cost is bounded, and grows with what was left behind, not with what is stored.
        """

    def close(self) -> None:
        """Gives connections back; the store is of no use afterwards."""
