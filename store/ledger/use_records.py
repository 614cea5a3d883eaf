"""Keeps what was spent: each QueryRun that ended, with whose it was, what it came to and how long it took.

    uses/<day>/<definition>/<connection>/<account>/<QueryRun>/<run>-<attempt>-<outcome>-<ms>-<rows>-<bytes>[-shared]
    uses-packed/<day>/<hash>.gz      the same names, a line each, of a day that is over

A step that sees how a run ends writes its use before whatever settles the run (`worker/steps/turn.py`), so that a run
whose use is missing has not settled, and is looked at again. A use is told by its name alone: writing it again changes
nothing, and one LIST reads a thousand. The day is that of the QueryRun's creation, by Stripe's clock and in UTC: all
uses of one QueryRun lie side by side, and whoever counts counts it once (`scheduler/costs/spending.py`).

Costs one PUT a QueryRun, and for a thousand of them, once their day is over, a LIST, a PUT of some 20 KB and one DELETE
by whichever sweeper comes first. Two that pack a day write the same lines twice, which are read as one.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from urllib.parse import unquote

from forebay.store.errors import BadRecord, NotFound
from forebay.store.interface import Store
from forebay.store.key_rules import segment

_ROOT, _PACKED = "uses/", "uses-packed/"
#: What stands for an account, a definition or a QueryRun where there is none: no name of these is so.
_NONE = "-"
_UNKNOWN = "x"
#: A day's uses are packed when hardly any more can come: a QueryRun is alive for 90 minutes, and lands within hours.
PACKED_AFTER = timedelta(days=2)
_PACK_LINES = 10_000
_READERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one run made of one QueryRun."""

    day: date
    """On which the QueryRun was created, in UTC."""
    definition: str | None
    """None for queries that were handed in by themselves."""
    connection: str
    account: str | None
    query_run: str | None
    """None where a create may have been carried out, and nobody knows: Stripe never named what came of it."""
    run: str
    """Tells runs apart that used the same QueryRun; `run_mark` makes it."""
    attempt: int
    outcome: str
    """`landed`, `canceled`, or the class of its failure."""
    ms: int | None
    """From its creation to when its end was seen; None where nobody knows."""
    rows: int | None
    bytes: int | None
    """Of the file that Stripe delivered."""
    shared: bool
    """The run was accepted to share another one's QueryRun, or to fetch one that was there already."""

    @property
    def key(self) -> str:
        whose = (self.definition or _NONE, self.connection, self.account or _NONE, self.query_run or _NONE)
        numbers = (_UNKNOWN if number is None else str(number) for number in (self.ms, self.rows, self.bytes))
        tail = "-".join((self.run, str(self.attempt), self.outcome, *numbers, *(["shared"] if self.shared else [])))
        return "/".join((_folder(self.day) + segment(whose[0]), *map(segment, whose[1:]), segment(tail)))


def run_mark(run: str) -> str:
    """Makes of a run's name what tells it apart in the name of its use."""
    return hashlib.sha256(run.encode()).hexdigest()[:12]


class UseRecords:
    """What was spent, of all definitions. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, use: Use) -> None:
        """Keeps a use; a second time changes nothing."""
        self._store.put(use.key, b"")

    def days(self, since: date, until: date, definition: str | None = None) -> Iterator[tuple[date, list[Use]]]:
        """Reads the uses of each day from the one up to before the other, in order, each use once.

        With a definition its own alone, and of days that are not packed: that costs one LIST a day.
        """
        if definition is not None:
            days = (since + timedelta(days=after) for after in range((until - since).days))
            yield from ((day, self._of_definition(day, definition)) for day in days)
            return
        known = {*self._days_of(_ROOT), *self._days_of(_PACKED)}
        with ThreadPoolExecutor(_READERS, thread_name_prefix="uses") as readers:
            wanted = iter(sorted(day for day in known if since <= day < until))
            while page := list(islice(wanted, _READERS)):
                yield from zip(page, readers.map(self._of, page), strict=True)

    def pack(self, now: datetime) -> int:
        """Packs the uses of days that are over; returns how many."""
        before, packed = now.astimezone(UTC).date() - PACKED_AFTER, 0
        for day in sorted(self._days_of(_ROOT)):
            keys = self._store.list(_folder(day))
            while day < before and (page := list(islice(keys, _PACK_LINES))):
                lines = "\n".join(key.removeprefix(_folder(day)) for key in page).encode()
                name = hashlib.sha256(lines).hexdigest()[:16]
                self._store.put(f"{_PACKED}{day:%Y%m%d}/{name}.gz", gzip.compress(lines, mtime=0))
                self._store.delete_all(page)
                packed += len(page)
        return packed

    def prune(self, before: date) -> int:
        """Removes the uses of days before this one; returns how many objects those were."""
        keys = [
            key
            for root in (_ROOT, _PACKED)
            for day in self._days_of(root)
            if day < before
            for key in self._store.list(f"{root}{day:%Y%m%d}/")
        ]
        self._store.delete_all(keys)
        return len(keys)

    def _days_of(self, root: str) -> Iterator[date]:
        for name in self._store.folders(root):
            day = _day_in(name)
            if day:
                yield day

    def _of(self, day: date) -> list[Use]:
        # In this order: what is packed meanwhile is read twice, and not missed.
        lines = dict.fromkeys(key.removeprefix(_folder(day)) for key in self._store.list(_folder(day)))
        lines |= dict.fromkeys(self._packed(day))
        return list(_uses(day, lines))

    def _of_definition(self, day: date, definition: str) -> list[Use]:
        keys = self._store.list(f"{_folder(day)}{segment(definition)}/")
        return list(_uses(day, (key.removeprefix(_folder(day)) for key in keys)))

    def _packed(self, day: date) -> Iterator[str]:
        for key in self._store.list(f"{_PACKED}{day:%Y%m%d}/"):
            try:
                yield from gzip.decompress(self._store.get(key)).decode().splitlines()
            except NotFound:  # pruned since it was listed
                continue
            except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
                raise BadRecord(key, "is damaged") from error


def _folder(day: date) -> str:
    return f"{_ROOT}{day:%Y%m%d}/"


def _day_in(name: str) -> date | None:
    """Reads a day as folders have it; None for what lies there under another name."""
    try:
        day = datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return day if f"{day:%Y%m%d}" == name else None


def _uses(day: date, lines: Iterable[str]) -> Iterator[Use]:
    """Reads what there is to be read: a name of another shape is of a newer release, or is not ours."""
    for line in lines:
        try:
            definition, connection, account, query_run, tail = map(unquote, line.split("/"))
            run, attempt, outcome, ms, rows, size, *shared = tail.split("-")
            ms_rows_bytes = [None if number == _UNKNOWN else int(number) for number in (ms, rows, size)]
            yield Use(
                day=day,
                definition=None if definition == _NONE else definition,
                connection=connection,
                account=None if account == _NONE else account,
                query_run=None if query_run == _NONE else query_run,
                run=run,
                attempt=int(attempt),
                outcome=outcome,
                ms=ms_rows_bytes[0],
                rows=ms_rows_bytes[1],
                bytes=ms_rows_bytes[2],
                shared="shared" in shared,
            )
        except ValueError:
            continue
