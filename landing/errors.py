"""Names what can go wrong between a result's URL and the published object. The type says what the caller does next.

    LandingError
    ├── Transfer              fetch again with a new URL; the query is never run again for it
    │   ├── NoResult          Stripe shows no file for it
    │   ├── UrlExpired        the URL is of no use any more
    │   └── TransferBroken    the bytes did not arrive as they were sent
    │       ├── WrongSize     more or fewer bytes than promised
    │       ├── WrongRows     more or fewer records than Stripe counted
    │       ├── NotTheResult  another answer than a result: a page for people, an error
    │       ├── Unproven      nothing tells whether it is whole
    │       ├── TruncatedZip  the zip ends too early
    │       └── CorruptZip    the zip contradicts itself
    ├── ExtraMissing          this worker lacks what the format needs; another one, or this one mended, lands it
    └── Unusable              fetching again changes nothing; a person must look
        ├── HostRefused       the URL leads to a host that is not on the list
        ├── UnsupportedZip    a zip of a kind that Stripe has not sent so far
        ├── UnknownResult     a content type, or a format asked for, that is not known here
        ├── TooLarge          more content than the operator allows
        ├── NoTable           a CSV that cannot be stored in a format with rows and types
        │   └── Misfit        a value that does not fit the type of its column
        ├── PlaceTaken        another result is there, and is to stay
        ├── NotLoadable       results that no table takes as they are
        ├── Unreadable        what is stored has no rows, or none of the kind that was looked for
        └── BadManifest       a manifest is there but cannot be understood

No message holds a URL or a part of one beyond its host: the rest is a secret as long as it works.
"""

from typing import ClassVar

from forebay.config.stripe import RESULT_URL_S


class LandingError(Exception):
    """Root of everything that `landing` raises on purpose. (A store's own errors pass through as they are.)"""

    retry: ClassVar[bool] = False


class Transfer(LandingError):
    """Raised when the result did not arrive; it is still at Stripe."""

    retry = True


class NoResult(Transfer):
    """Raised when a query succeeded, and Stripe shows no result of it, or not yet."""


class UrlExpired(Transfer):
    """Raised when the host refuses the URL; retrieving the run again gives a new one."""

    def __init__(self, host: str, status: int) -> None:
        super().__init__(
            f"{host} answered {status} to the result's URL, which lives {RESULT_URL_S // 60} min; a new one is needed"
        )
        self.host = host
        self.status = status


class TransferBroken(Transfer):
    """Raised on resets, time-outs, 5xx, and bytes that are provably not those that were sent."""


class WrongSize(TransferBroken):
    """Raised when more or fewer bytes came than Stripe promised."""

    def __init__(self, *, promised: int, received: int) -> None:
        super().__init__(f"Stripe promised {promised} bytes, and {received} came")
        self.promised = promised
        self.received = received


class WrongRows(TransferBroken):
    """Raised when the CSV that came has more or fewer records than Stripe counted, or some that nobody can count."""

    def __init__(self, *, counted: int, came: int | None) -> None:
        what = "in what came the quotes do not pair up, so nobody can count them" if came is None else f"{came} came"
        super().__init__(f"Stripe counted {counted} records in the result, and {what}")
        self.counted = counted
        self.came = came


class NotTheResult(TransferBroken):
    """Raised when the host answered with something that is no result, though it says that all is well."""


class Unproven(TransferBroken):
    """Raised when all that came may be a part of the result: no size was promised, and nothing else tells its end."""


class TruncatedZip(TransferBroken):
    """Raised when a zip ends before its own end record."""


class CorruptZip(TransferBroken):
    """Raised when a zip's checksums, sizes or records do not agree with its content."""


class ExtraMissing(LandingError):
    """Raised when a worker is told to store a format whose extra it was not installed with."""

    retry = True


class Unusable(LandingError):
    """Raised when the same result would be refused again."""


class HostRefused(Unusable):
    """Raised when a result's URL, or a redirect from it, leads to a host or scheme that is not allowed."""


class UnsupportedZip(Unusable):
    """Raised on encryption, on methods other than deflate and stored, and unless there is exactly one file."""


class UnknownResult(Unusable):
    """Raised on a content type, or a format asked for, that this Forebay does not know."""


class TooLarge(Unusable):
    """Raised when a result is larger, or inflates to more, than the operator allows or Stripe can send."""


class NoTable(Unusable):
    """Raised when the rows of a CSV cannot be told, or are no table; the CSV formats store it as it is."""


class Misfit(NoTable):
    """Raised when a value does not fit the type of its column; names its row and column, and never the value."""

    def __init__(self, *, place: int, column: str, row: int, wanted: str) -> None:
        super().__init__(f"row {row} of column {column!r} is no {wanted}")
        self.place = place
        """Of the column, from 0."""


class Unreadable(Unusable):
    """Raised when a stored result cannot be read, or not as what it should be; names columns, and never a value."""


class BadManifest(Unusable):
    """Raised when a manifest is damaged, or written by a newer Forebay in a format not known here."""

    def __init__(self, key: str, fields: str) -> None:
        self.why = "it cannot be read" + ("" if fields == "all" else f", for its {fields}")
        super().__init__(f"manifest {key!r}: {self.why}")


class PlaceTaken(Unusable):
    """Raised when another batch's result is where one is to land that replaces nothing (`write: fail_if_exists`)."""

    def __init__(self, place: str, batch: str) -> None:
        super().__init__(f"a result of batch {batch} is there already, and write: fail_if_exists lets it stay")
        self.place = place


class NotLoadable(Unusable):
    """Raised when results cannot be loaded into a table as they are; says what to do instead."""
