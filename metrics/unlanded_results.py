"""Finds results that ended well at Stripe, did not land, and will be gone: Stripe keeps each for RESULT_DAYS.

From the uses of the ledger (`store/ledger/use_records.py`): all uses of one QueryRun lie in the folder of its day, so
one that failed to land and landed later is seen to have landed. Only the days are read whose results are old: one LIST
and some small objects a day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from forebay.config.stripe import RESULT_DAYS
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.use_records import Use, UseRecords

#: A result that has fewer days left is told of.
FEW_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlandedResult:
    """A result that is at Stripe, and nowhere else."""

    day: date
    """On which its QueryRun was created, in UTC."""
    connection: str
    account: str | None
    definition: str | None
    query_run: str

    def days_left(self, today: date) -> int:
        """Counts the days for which Stripe still keeps it."""
        return RESULT_DAYS - (today - self.day).days


class ExpiringReader:
    """Reads them once an hour: they change when somebody lands what was left, and at midnight. One thread uses it."""

    def __init__(self, uses: UseRecords) -> None:
        self._uses = uses
        self._last: tuple[datetime, list[UnlandedResult]] | None = None

    def read(self, now: datetime) -> list[UnlandedResult]:
        """Gives those that have less than FEW_DAYS left, the oldest first. Raises StoreError."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if self._last is None or self._last[0] != hour:
            self._last = (hour, expiring_results(self._uses, hour.date()))
        return self._last[1]


def expiring_results(uses: UseRecords, today: date, few_days: int = FEW_DAYS) -> list[UnlandedResult]:
    """Lists those that have less than `few_days` left, the oldest first. Raises StoreError."""
    oldest, newest = today - timedelta(days=RESULT_DAYS), today - timedelta(days=RESULT_DAYS - few_days)
    return [result for _, of_day in uses.days(oldest, newest) for result in unlanded(of_day)]


def unlanded(uses: Iterable[Use]) -> Iterator[UnlandedResult]:
    """Yields of the uses of one day the results that none of them has landed."""
    left: dict[str, Use] = {}
    landed: set[str] = set()
    for use in uses:
        if use.query_run is None:
            continue
        if use.outcome == "landed":
            landed.add(use.query_run)
        elif use.outcome != "canceled" and FailureClass(use.outcome).has_result:
            left.setdefault(use.query_run, use)
    for query_run, use in left.items():
        if query_run not in landed:
            yield UnlandedResult(
                day=use.day,
                connection=use.connection,
                account=use.account,
                definition=use.definition,
                query_run=query_run,
            )
