"""Finds out what there is to say about a CSV while its bytes go by, whichever form it is stored in."""

import hashlib

from forebay.landing.csv_records import RecordCounter


class Content:
    """Length, hash, records and columns of the CSV fed to it."""

    def __init__(self) -> None:
        self.bytes = 0
        self._sha256 = hashlib.sha256()
        self._counter = RecordCounter()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes in."""
        self.bytes += len(data)
        self._sha256.update(data)
        self._counter.feed(data)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def records(self) -> int | None:
        """Counts records after the header; None if the quotes do not pair up."""
        return self._counter.records

    @property
    def columns(self) -> tuple[str, ...]:
        """Names from the header; none if there is none that can be kept."""
        return self._counter.columns
