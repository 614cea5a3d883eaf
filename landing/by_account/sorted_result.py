"""Sorts the records of an organization's CSV by account, as they come, and gives each account's CSV back.

An account's CSV has the header, its records in the order in which they came, and ends as the whole does: with a line
end or without. The field that says whose row it is goes, or stays where it is kept; nothing else of a record changes.
What names no account is kept whole, under no account: nothing is lost, and a check tells of it.
"""

from collections.abc import Iterator

from forebay.landing.by_account.account_column import MOST_ACCOUNTS, AccountColumn, records
from forebay.landing.by_account.account_spool import AccountSpool
from forebay.landing.csv_blocks import BOM, blocks, header_and_rest
from forebay.store.ledger.by_account import ByAccount

#: Its records are all in hand, one by one: some ten times as much.
BLOCK_BYTES = 1 << 20
MOST_RECORD_BYTES = 64 << 20
_MOST_NAMED = 20


class SortedResult:
    """One result, sorted by account."""

    def __init__(self, rules: ByAccount, spool: AccountSpool, *, most_accounts: int = MOST_ACCOUNTS) -> None:
        self.problem: str | None = None
        """Why records name no account, in a sentence."""
        self.names: tuple[str, ...] = ()
        """The columns of the whole."""
        self.place: int | None = None
        """Of the column that went, from 0."""
        self._rules, self._spool, self._most = rules, spool, most_accounts
        self._header = self._own_header = self._end = b""
        self._ended = True
        self._column: AccountColumn | None = None

    def read(self, pieces: Iterator[bytes]) -> None:
        """Reads all of the CSV. Raises NoTable where its records cannot be told apart, and Unavailable."""
        cut = blocks(pieces, block_bytes=BLOCK_BYTES, most_bytes=MOST_RECORD_BYTES)
        first = next(cut, b"")
        self.names, rest = header_and_rest(first)
        self._read_header(first[: len(first) - len(rest)])
        if rest:
            self._sort(rest)
        for block in cut:
            self._sort(block)
        if self._column and (nobodys := self._spool.records(None)):
            self.problem = f"{nobodys} of its records name no account in column {self._rules.column!r}"
            if self._column.too_many:
                self.problem = f"more than {self._most} accounts are named in column {self._rules.column!r}"

    @property
    def accounts(self) -> list[str | None]:
        """Lists whose results there are, in order: those found, those expected, and what is nobody's at last."""
        named = sorted(self._spool.accounts.union(self._rules.expected)) if self._column else []
        nobodys = [None] if self._spool.records(None) or not named else []
        return [*named, *nobodys]

    @property
    def sorted_records(self) -> int:
        """Counts all records."""
        return sum(self._spool.records(account) for account in (*self._spool.accounts, None))

    def size(self, account: str | None) -> int:
        """Counts the bytes of an account's CSV, or one line end more."""
        return len(self._header_of(account)) + self._spool.size(account)

    def csv(self, account: str | None) -> Iterator[bytes]:
        """Yields an account's CSV."""
        waiting = self._header_of(account)
        for chunk in self._spool.chunks(account):
            if waiting:
                yield waiting
            waiting = chunk
        if not self._ended:
            waiting = waiting[: -len(self._end)] if self._end and waiting.endswith(self._end) else waiting[:-1]
        if waiting:
            yield waiting

    def _header_of(self, account: str | None) -> bytes:
        return self._header if account is None else self._own_header

    def _read_header(self, header: bytes) -> None:
        self._header = self._own_header = header
        self._end = b"\r\n" if header.endswith(b"\r\n") else b"\n" if header.endswith(b"\n") else b""
        self.problem = self._lacking()
        if self.problem is None:
            place = self._places()[0]
            self._column = AccountColumn(place, keep=self._rules.keep, most_accounts=self._most)
            if not self._rules.keep:
                self.place = place
            bom = BOM if header.startswith(BOM) else b""
            line = header[len(bom) : len(header) - len(self._end)]
            self._own_header = bom + self._column.without(line) + self._end

    def _places(self) -> list[int]:
        return [place for place, name in enumerate(self.names) if name.lower() == self._rules.column.lower()]

    def _lacking(self) -> str | None:
        """Says why nothing can be sorted by this header, if that is so."""
        column, places = self._rules.column, self._places()
        if not places:
            more = ", …" if len(self.names) > _MOST_NAMED else ""
            return f"the result has no column {column!r}; it has {', '.join(self.names[:_MOST_NAMED])}{more}"
        if len(places) > 1:
            return f"the result has {len(places)} columns {column!r}"
        if len(self.names) == 1 and not self._rules.keep:
            return f"the result has no other column than {column!r}, so nothing would be left of its records"
        return None

    def _sort(self, block: bytes) -> None:
        if not block.endswith(b"\n"):
            self._ended = False
            block += self._end[:-1]  # it may not be its account's last record
        if self._column is None:
            self._spool.add(None, list(records(block)))
            return
        for account, own in self._column.by_account(block).items():
            self._spool.add(account, own)
