"""Lands a result from its URL: streams it into the store, proves it whole, writes the manifest, settles the run.

Called by `download`, and by `observe` for results so small that a message and another retrieve would cost more than
they do. Whatever breaks on the way, the query is not run again: its result is safe at Stripe for RESULT_DAYS.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from forebay.config.write_mode import WriteMode
from forebay.landing.by_account.land_by_account import LandedByAccount, land_by_account
from forebay.landing.errors import LandingError, PlaceTaken
from forebay.landing.land import Landed, land
from forebay.landing.manifest import Manifest, write_manifest
from forebay.landing.replacing import put_in_place, remove_left, require_free
from forebay.landing.result_paths import object_base
from forebay.queryrun.models import QueryRun, ResultFile
from forebay.store.at_once import each_at_once
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.failures import FailureClass
from forebay.worker.steps.column_rules_of import column_rules_of
from forebay.worker.steps.manifest_of import manifests_of
from forebay.worker.steps.retry_rules import MOST_REFUSALS, Reason, lands_again, stores_again
from forebay.worker.steps.turn import Turn

log = logging.getLogger(__name__)

#: How often a download tells how far it is, which also renews its custody: often enough for a person who watches.
REPORT_EVERY_S = 1.0


class _Stopped(Exception):
    """Raised inside a transfer when this process has to stop, or somebody else holds the run."""


def transfer(turn: Turn, observed: QueryRun, result: ResultFile) -> None:
    """Lands one result from the URL that was just given for it, and settles its run."""
    # Read here, where what the ledger refuses is not taken for a refusal of the destination.
    batch, item = turn.batch, turn.item
    fetched_at = datetime.now(UTC)
    try:
        store = turn.runtime.store(batch.output)
        landed = _land(turn, batch.sorting_of(item), result, store)
    except _Stopped:
        turn.defer(0)
        return
    except LandingError as error:
        landing_failed(turn, error)
        return
    except StoreError as error:
        _not_stored(turn, error)
        return
    if not turn.keep(landed.received_bytes):
        # Somebody else holds the run, or it was canceled meanwhile. Without a manifest the object does not exist.
        turn.defer(0)
        return
    turn.note_landed(landed)
    try:
        manifests, report = manifests_of(turn, observed, store, landed, fetched_at), _Reporter(turn)
        _require_free(turn, store, manifests)
        _publish_all(turn, store, manifests, lambda: report(landed.received_bytes))
    except _Stopped:
        turn.defer(0)
        return
    except PlaceTaken as error:
        turn.fail(Reason(FailureClass.SINK, f"the destination {turn.batch.output} is taken: {error}"))
        return
    except StoreError as error:
        _not_stored(turn, error)
        return
    turn.land(landed)


def _require_free(turn: Turn, store: Store, manifests: Mapping[str, Manifest]) -> None:
    """Removes what has landed, and raises PlaceTaken, where one of its places is another batch's that is to stay."""
    if turn.version is None or turn.batch.write is not WriteMode.FAIL_IF_EXISTS:
        return
    try:
        for stem in manifests:
            require_free(store, stem, turn.batch.id)
    except PlaceTaken:
        remove_left(store, [manifest.object.key for manifest in manifests.values()])
        raise


def _publish_all(turn: Turn, store: Store, manifests: Mapping[str, Manifest], keep: Callable[[], None]) -> None:
    """Writes the manifests. Raises PlaceTaken, StoreError, and what `keep` does."""
    if len(manifests) == 1:  # most results have one, which is small, and this thread is at hand
        _publish(turn, store, *next(iter(manifests.items())))
        return
    each_at_once(lambda stem: _publish(turn, store, stem, manifests[stem]), manifests, keep)


def _publish(turn: Turn, store: Store, stem: str, manifest: Manifest) -> None:
    """Writes the manifest, by which the result exists. Raises PlaceTaken and StoreError."""
    if turn.version is None:
        write_manifest(store, stem, manifest)
        return
    try:
        stands = put_in_place(store, stem, manifest, turn.batch.write)
    except PlaceTaken:  # at this very moment
        remove_left(store, [manifest.object.key])
        raise
    if stands.object.key == manifest.object.key:
        remove_left(store, stands.replaces)
        return
    log.info("a result that was asked later stands", extra={"event": "superseded", **turn.log_fields})
    remove_left(store, [manifest.object.key])


def _land(turn: Turn, by_account: ByAccount | None, result: ResultFile, store: Store) -> Landed | LandedByAccount:
    """Lands it as one object, or as one for each account. Raises LandingError and StoreError."""
    fetcher = turn.runtime.fetcher(turn.batch.connection)
    columns, progress = column_rules_of(turn.batch, turn.item, result), _Reporter(turn)
    if by_account is None:
        return land(
            fetcher,
            result.url,
            content_type=result.content_type,
            size=result.size_bytes,
            rows=result.rows,
            store=store,
            stem=object_base(turn.stem, turn.version),
            result_format=turn.batch.result_format,
            columns=columns,
            limits=turn.runtime.limits,
            progress=progress,
        )
    return land_by_account(
        fetcher,
        result.url,
        content_type=result.content_type,
        size=result.size_bytes,
        rows=result.rows,
        store=store,
        stem_of=lambda account: object_base(turn.stem_of(account), turn.version),
        by_account=by_account,
        result_format=turn.batch.result_format,
        columns=columns,
        limits=turn.runtime.limits,
        progress=progress,
    )


def landing_failed(turn: Turn, error: LandingError) -> None:
    """Tries again with a fresh URL, so often; the query is never run again for it."""
    tries = turn.custody.tries
    turn.came_to["error.type"] = type(error).__name__
    if lands_again(error, tries):
        log.warning("%s", error, extra={"event": "landing_failed", **turn.log_fields})
        turn.back_off(str(error))
        return
    times = f" ({tries} tries)" if error.retry else ""
    turn.fail(Reason(FailureClass.TRANSFER, f"{error}{times}"))


def _not_stored(turn: Turn, error: StoreError) -> None:
    """Tries again: for as long as it takes where the destination only asks for patience, else so often.

    What it refuses is for a person to mend, who hears of it once the run has failed; the result waits at Stripe.
    """
    # Without the run's own place: hundreds that a destination refuses are one thing to mend.
    refusal = str(error).replace(turn.stem, "…")
    destination = turn.batch.output
    if not stores_again(error, turn.custody.tries):
        tries = f"{turn.custody.tries} tries"
        turn.fail(Reason(FailureClass.SINK, f"the destination {destination} refuses the result: {refusal} ({tries})"))
        return
    log.warning("not stored: %s", error, extra={"event": "not_stored", "retry": error.retry, **turn.log_fields})
    if error.retry:
        turn.back_off(f"the destination {destination} cannot take it now: {refusal}")
    else:
        bound = f"it fails after {MOST_REFUSALS} tries, and `forebay retry` lands it then, without another run"
        turn.back_off(f"the destination {destination} refuses the result: {refusal}; {bound}")


class _Reporter:
    """Keeps custody while bytes come, and stops the transfer when it must. Called with each chunk."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._reported_s = turn.runtime.monotonic_s()

    def __call__(self, received_bytes: int) -> None:
        if self._turn.runtime.stopping.is_set():
            raise _Stopped
        now_s = self._turn.runtime.monotonic_s()
        if now_s - self._reported_s < REPORT_EVERY_S:
            return
        self._reported_s = now_s
        if not self._turn.renew(received_bytes):
            raise _Stopped
