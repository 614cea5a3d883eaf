"""Says what a run made of its QueryRun, for whoever counts what was spent (`store/ledger/use_records.py`).

Pure: from what the run is about, and what Stripe last showed of its QueryRun. Called by a turn before it settles a run.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from forebay.governor.contract import Custody
from forebay.queryrun.models import QueryRun
from forebay.scheduler.extracts.ready import QUESTION, is_question
from forebay.store.ledger.records import Batch, Item
from forebay.store.ledger.use_records import Use, run_mark

_MS = timedelta(milliseconds=1)


class CameTo(NamedTuple):
    """What a run came to; what is None nobody knows."""

    outcome: str
    rows: int | None = None
    received_bytes: int | None = None


def use_of(batch: Batch, item: Item, custody: Custody, seen: QueryRun | None, came_to: CameTo, *, now: datetime) -> Use:
    """Tells the use; `seen` is the run's QueryRun as it was last shown."""
    nothing = 0 if seen and seen.ended and not seen.succeeded else None
    return Use(
        day=_created_at(custody, seen, now).astimezone(UTC).date(),
        definition=_definition(batch, item),
        connection=batch.connection,
        account=item.account,
        query_run=custody.query_run,
        run=run_mark(custody.run),
        attempt=custody.attempt,
        outcome=came_to.outcome,
        ms=_took_ms(custody, seen, now),
        rows=nothing if came_to.rows is None else came_to.rows,
        bytes=nothing if came_to.received_bytes is None else came_to.received_bytes,
        shared=item.share is not None or item.fetched is not None,
    )


def _definition(batch: Batch, item: Item) -> str | None:
    if item.fetched:
        return item.fetched.definition
    if batch.policy:
        return batch.policy.definition
    return QUESTION if is_question(batch.id) else None


def _created_at(custody: Custody, seen: QueryRun | None, now: datetime) -> datetime:
    """Says when it was created: by Stripe's clock if that was shown, which is the same for all of its uses."""
    if seen and seen.created:
        return seen.created
    return now - (custody.since_create_ms or custody.since_sent_ms or 0) * _MS


def _took_ms(custody: Custody, seen: QueryRun | None, now: datetime) -> int | None:
    """Says how long it took, up to when its end was seen; None if nobody saw that."""
    # Where its landing alone is repeated there is no key of ours, and it ended long ago.
    if seen is None or not seen.ended or seen.created is None or custody.key is None:
        return None
    return max(0, (now - (custody.since_end_ms or 0) * _MS - seen.created) // _MS)
