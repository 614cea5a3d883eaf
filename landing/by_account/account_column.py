"""Reads whose row each record of an organization's result is, and groups whole records by that.

Works on bytes: a record goes on as it came, or without the one field that says whose it is, which the place of its
object says already. By RFC 4180 a comma divides fields if an even number of quotes stands before it, as a line feed
ends a record (`landing/csv_records.py`). Most records have no quote before that field, and one C function finds it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from forebay.config.errors import ConfigError
from forebay.config.stripe import check_account
from forebay.landing.errors import NoTable

#: Each account is an object, a manifest, and some memory: more of them are no organization, but another column.
MOST_ACCOUNTS = 10_000
#: No account is as long.
_MOST_BYTES = 255
_FIELD = rb'[^",]*(?:"[^"]*"[^",]*)*'


class AccountColumn:
    """The column of a result that says whose row each record is."""

    def __init__(self, place: int, *, keep: bool, most_accounts: int = MOST_ACCOUNTS) -> None:
        """Takes the column's place, from 0, and whether records keep it."""
        self._place = place
        self._keep = keep
        self._most = most_accounts
        self._known: dict[bytes, str] = {}
        self._accounts: set[str] = set()
        self._pattern = re.compile(rb"(?:%b,){%d}(%b)" % (_FIELD, place, _FIELD), re.DOTALL)
        self.too_many = False
        """More accounts came than may be told apart."""

    def by_account(self, block: bytes) -> dict[str | None, list[bytes]]:
        """Groups the records of a block by account, each in its order and without the line feed that ends it.

        Under None, and whole, stands what names no account. Raises NoTable where a record does not end in the block.
        """
        groups: dict[str | None, list[bytes]] = defaultdict(list)
        # By the field as it stands. One that was met before has neither comma nor an odd quote in it, so where it comes
        # first no other look at the record is needed.
        own: dict[bytes, list[bytes]] = {}
        first, keep, split = self._place == 0, self._keep, self._split
        for record in records(block):
            if first:
                raw, _, rest = record.partition(b",")
                if raw in own:
                    own[raw].append(record if keep else rest)
                    continue
            raw, rest = split(record)
            if raw not in own:
                account = self._known.get(raw) or self._account(raw)
                if account is None:
                    groups[None].append(record)
                    continue
                own[raw] = groups[account]
            own[raw].append(record if keep else rest)
        return groups

    def without(self, record: bytes) -> bytes:
        """Gives a record as its account's object has it."""
        return record if self._keep else self._apart(record)[1]

    def _split(self, record: bytes) -> tuple[bytes, bytes]:
        """Gives the field, and the record without it."""
        place, after = self._place, self._place + 1
        fields = record.split(b",", after)
        before = len(record) - len(fields[after]) if len(fields) > after else len(record)
        if len(fields) <= place or record.find(b'"', 0, before) >= 0:
            return self._apart(record)
        raw = fields.pop(place)
        rest = b",".join(fields)
        if len(fields) == place and raw.endswith(b"\r"):
            return raw[:-1], rest + b"\r"
        return raw, rest

    def _apart(self, record: bytes) -> tuple[bytes, bytes]:
        """Finds the field among any others; gives it, and the record without it. An empty one where there is none."""
        end = len(record) - record.endswith(b"\r")
        found = self._pattern.match(record, 0, end)
        if found is None:
            return b"", record
        start, stop = found.span(1)
        if stop < end:
            return found[1], record[:start] + record[stop + 1 :]
        return found[1], record[: max(0, start - 1)] + record[stop:]

    def _account(self, raw: bytes) -> str | None:
        """Reads an account that was not met before; None for what is none, and where there are too many."""
        plain = raw[1:-1].replace(b'""', b'"') if len(raw) > 1 and raw.startswith(b'"') and raw.endswith(b'"') else raw
        try:
            account = check_account(plain[:_MOST_BYTES].decode("ascii"))
        except (ConfigError, UnicodeDecodeError):
            return None
        if len(plain) > _MOST_BYTES:
            return None
        if account not in self._accounts:
            if len(self._accounts) >= self._most:
                self.too_many = True
                return None
            self._accounts.add(account)
        self._known[raw] = account
        return account


def records(block: bytes) -> Iterator[bytes]:
    """Yields the records of a block that ends with one, each without the line feed that ends it. Raises NoTable."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return _whole(lines) if b'"' in block else iter(lines)


def _whole(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Puts lines together that are one record: a quote that was opened in one is closed in a later one."""
    opened: list[bytes] = []
    for line in lines:
        odd = line.count(b'"') % 2
        if opened:
            opened.append(line)
            if odd:
                yield b"\n".join(opened)
                opened = []
        elif odd:
            opened = [line]
        else:
            yield line
    if opened:
        raise NoTable("its records cannot be told apart: quotes do not pair up")
