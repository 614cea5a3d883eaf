"""Lands a result over a whole organization as one object for each account, in one pass: `landing.land`, sorted.

What arrives is sorted into a spool (`sorted_result.py`). Once it is proven whole, the objects are written one after the
other, in the order of their accounts: however many there are, one is open. Until all of them are there none has a
manifest, which the caller writes.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pydantic import SecretStr

from forebay.config.result_format import ResultFormat
from forebay.landing.body import Body
from forebay.landing.by_account.account_spool import MEMORY_BYTES, AccountSpool
from forebay.landing.by_account.sorted_result import SortedResult
from forebay.landing.content import Content
from forebay.landing.errors import NoTable
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.column_rules import AS_TEXT, ColumnRules
from forebay.landing.formats.format import Limits
from forebay.landing.formats.registry import format_named
from forebay.landing.land import DEFAULT_LIMITS, Landed
from forebay.landing.output import Target, copied
from forebay.landing.parquet_extra import require_parquet
from forebay.landing.spool import opened_spool
from forebay.store.interface import Store
from forebay.store.ledger.by_account import ByAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedByAccount:
    """The objects of one result, and what was learned about it as a whole."""

    results: tuple[tuple[str | None, Landed], ...]
    """By account, in order; last, under None, what names no account."""
    csv_bytes: int
    csv_sha256: str
    records: int
    columns: tuple[str, ...]
    received_bytes: int
    problem: str | None
    """Why records name no account, in a sentence."""

    @property
    def bytes(self) -> int:
        """Counts what is stored."""
        return sum(landed.bytes for _, landed in self.results)


def land_by_account(
    fetcher: Fetcher,
    url: SecretStr,
    *,
    content_type: str,
    size: int | None,
    rows: int | None = None,
    store: Store,
    stem_of: Callable[[str | None], str],
    by_account: ByAccount,
    result_format: str,
    columns: ColumnRules = AS_TEXT,
    limits: Limits = DEFAULT_LIMITS,
    memory_bytes: int = MEMORY_BYTES,
    progress: Callable[[int], None] = lambda _: None,
) -> LandedByAccount:
    """Streams the result into an object for each account: each of those found, and of those expected.

    `stem_of` names the place of an account's; under None that of what names no account. Of more CSV than `memory_bytes`
    the rest waits in the temporary folder, compressed. The others are as in `land`.
    Raises LandingError and StoreError.
    """
    format_named(result_format)  # who lacks it says so before all is fetched
    if result_format == ResultFormat.PARQUET:
        require_parquet()
    content = Content()
    with ExitStack() as stack:
        delivery = stack.enter_context(fetcher.get(url))
        body = Body(delivery, content_type=content_type, size=size, rows=rows, progress=progress)
        result = SortedResult(by_account, AccountSpool(stack.enter_context(opened_spool()), memory_bytes=memory_bytes))
        _sort(body, content, result, limits)
        received = _Received(
            bytes=body.received,
            sha256=body.sha256 if body.is_zip else content.sha256,
            keep=lambda: progress(body.received),
        )
        writing = _Writing(store, result, received, columns=_for_accounts(columns, result), limits=limits)
        results = tuple(
            (account, writing.write(account, stem_of(account), result_format)) for account in result.accounts
        )
    return LandedByAccount(
        results=results,
        csv_bytes=content.bytes,
        csv_sha256=content.sha256,
        records=content.records or 0,
        columns=content.columns,
        received_bytes=body.received,
        problem=result.problem,
    )


def _sort(body: Body, content: Content, result: SortedResult, limits: Limits) -> None:
    """Reads all of the result, and proves that it is whole."""
    pieces = copied(body.csv(max_bytes=limits.max_csv_bytes), content.feed)
    problem: NoTable | None = None
    try:
        result.read(pieces)
    except NoTable as error:
        problem = error
    for _ in pieces:  # before the result is blamed: has it come whole?
        pass
    body.check_whole(content)
    if problem:
        raise NoTable(f"the result cannot be sorted by account: {problem}") from problem
    if result.sorted_records != content.records:
        raise NoTable("the result cannot be sorted by account: its records cannot be told apart")


def _for_accounts(columns: ColumnRules, result: SortedResult) -> ColumnRules:
    """Takes the column that went from what Stripe said of the columns."""
    if result.place is None or tuple(name for name, _ in columns.told) != result.names:
        return columns
    return replace(columns, told=[told for place, told in enumerate(columns.told) if place != result.place])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    """What came of the whole."""

    bytes: int
    sha256: str
    keep: Callable[[], None]
    """Called while what came is worked on."""


class _AccountCsv:
    """One account's CSV on its way to a format: a `landing.body.Incoming`."""

    is_zip = False
    sha256 = ""

    def __init__(self, result: SortedResult, account: str | None, keep: Callable[[], None]) -> None:
        self._result, self._account, self._keep = result, account, keep

    def csv(self, *, max_bytes: int) -> Iterator[bytes]:  # noqa: ARG002 - the whole was measured as it came
        return self.chunks()

    def chunks(self) -> Iterator[bytes]:
        for chunk in self._result.csv(self._account):
            self._keep()
            yield chunk

    def check_whole(self, content: Content) -> None:
        """Does nothing: the whole was proven before."""


class _Writing:
    """Writes the objects of one result."""

    def __init__(
        self, store: Store, result: SortedResult, received: _Received, *, columns: ColumnRules, limits: Limits
    ) -> None:
        self._store, self._result, self._received = store, result, received
        self._columns, self._limits = columns, limits

    def write(self, account: str | None, stem: str, result_format: str) -> Landed:
        """Writes one account's object."""
        if result_format == ResultFormat.AUTO and self._result.size(account) > self._limits.large_csv_bytes:
            result_format = ResultFormat.ZIP
        content, keep = Content(), self._received.keep
        with ExitStack() as stack:
            target = Target(self._store, stem, stack, columns=self._columns, keep=keep)
            output = format_named(result_format)(
                _AccountCsv(self._result, account, keep), content, target, self._limits
            )
            output.commit()
        return Landed.of(output, content, received_bytes=self._received.bytes, received_sha256=self._received.sha256)
