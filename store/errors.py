"""Names what can go wrong with stored bytes. The type answers the caller's question: try again, or give up.

    StoreError
    ├── NotFound            no object of this key
    ├── Unavailable         try the same call again later
    │   └── Incomplete      the store kept another number of bytes than it was sent
    └── Refused             trying again changes nothing; a person must act
        ├── BadUrl          the destination cannot be read as one
        ├── BadKey          the key may not be stored
        ├── Denied          no right to do this
        ├── OptionRefused   encryption, storage class or tags, as they were asked for, are not to be had
        ├── NoSuchBucket    the bucket does not exist
        ├── BadRecord       a ledger record is there but cannot be understood
        └── NotSigned       links to its objects are not to be had

Messages name buckets, keys and the store's own error code, never a credential: they are logged as they are.
"""

from typing import ClassVar


class StoreError(Exception):
    """Root of everything that `store` raises on purpose."""

    retry: ClassVar[bool] = False


class NotFound(StoreError):
    """Raised when a key is read that holds no object."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key!r}")
        self.key = key


class Unavailable(StoreError):
    """Raised when the store cannot be reached or asks for patience: slow-downs, 5xx, time-outs, a full disk."""

    retry = True


class Incomplete(Unavailable):
    """Raised when an object was stored with another length than was written; it has been removed again."""

    def __init__(self, key: str, *, written: int, stored: int) -> None:
        super().__init__(f"{key!r}: wrote {written} bytes, but the store has {stored}")
        self.key = key
        self.written = written
        self.stored = stored


class Refused(StoreError):
    """Raised when the store understood the request and will not do it."""


class BadUrl(Refused):
    """Raised when a store's URL is neither `s3://bucket/prefix`, `file:///folder` nor a path."""


class BadKey(Refused):
    """Raised when a key would leave its root, or is none that both kinds of store can hold."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"key {key!r} {why}")
        self.key = key


class Denied(Refused):
    """Raised when credentials are missing, wrong, or lack the right for this call."""


class OptionRefused(Refused):
    """Raised when objects cannot be kept as they were asked to be: their key is denied, disabled or not there, say."""


class NoSuchBucket(Refused):
    """Raised when the bucket of an S3 store does not exist."""


class BadRecord(Refused):
    """Raised when a ledger record is damaged, or written by a newer Forebay in a format not known here."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"ledger record {key!r} {why}")
        self.key = key


class NotSigned(Refused):
    """Raised when a link is asked for that anybody may follow for a while, and the store gives none."""
