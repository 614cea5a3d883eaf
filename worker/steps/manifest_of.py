"""Writes down all that is known of a run whose result has landed, for its manifest. Called by `transfer`."""

import hashlib
from datetime import UTC, datetime, timedelta

from forebay.config.release_number import __version__
from forebay.landing.by_account.land_by_account import LandedByAccount
from forebay.landing.land import Landed
from forebay.landing.manifest import AttemptPart, ByAccountPart, CsvPart, Manifest, ToldColumn, csv_part, object_part
from forebay.queryrun.models import QueryRun
from forebay.store.interface import Store
from forebay.store.ledger.fetched import Fetched
from forebay.worker.steps.turn import Turn


def manifest_of(turn: Turn, observed: QueryRun, store: Store, landed: Landed, fetched_at: datetime) -> Manifest:
    """Makes it of what the run is about, what Stripe showed of it, and what landed. Raises StoreError."""
    batch, item, custody, policy = turn.batch, turn.item, turn.custody, turn.batch.policy
    ended_ms = custody.since_end_ms  # as of when this step began, which may be hours before it has landed
    manifest = Manifest(
        forebay=__version__,
        batch=batch.id,
        definition=policy.definition if policy else None,
        spec_sha256=policy.spec_sha256 if policy else None,
        window=policy.window if policy else None,
        connection=batch.connection,
        lane=turn.lane,
        run=custody.run,
        name=item.name,
        account=item.account,
        attempt=custody.attempt,
        earlier_attempts=_earlier_attempts(turn),
        query_run=observed.id,
        idempotency_key=custody.key,
        sql=item.sql,
        sql_sha256=_sha256(item.sql),
        object=object_part(store, landed, turn.version),
        csv=csv_part(landed),
        table=landed.table,
        compress=True,
        delivered_bytes=landed.received_bytes,
        delivered_sha256=landed.received_sha256,
        accepted_at=batch.created_at,
        granted_at=fetched_at - timedelta(milliseconds=custody.since_grant_ms),
        submitted_at=observed.created,
        ended_at=None if ended_ms is None else fetched_at - timedelta(milliseconds=ended_ms),
        fetched_at=fetched_at,
        landed_at=datetime.now(UTC),
        data_loaded_at=policy.data_loaded_at if policy else None,
        refreshed_at=observed.refreshed_at,
        told_columns=tuple(
            ToldColumn(name=name, type=kind) for name, kind in (observed.result.columns if observed.result else ())
        ),
        livemode=observed.livemode,
        api_version=turn.client.version_for(observed.id, api=turn.batch.api),
        request_ids=(observed.request_id,) if observed.request_id else (),
    )
    return manifest if item.fetched is None else manifest.model_copy(update=_known_before(item.fetched, observed))


def manifests_of(
    turn: Turn, observed: QueryRun, store: Store, landed: Landed | LandedByAccount, fetched_at: datetime
) -> dict[str, Manifest]:
    """Makes those of a result, by the stems of their places: one, or one for each account. Raises StoreError."""
    if isinstance(landed, Landed):
        return {turn.stem: manifest_of(turn, observed, store, landed, fetched_at)}
    by_account = turn.batch.sorting_of(turn.item)
    assert by_account  # noqa: S101 - it was sorted by it
    csv = CsvPart(bytes=landed.csv_bytes, sha256=landed.csv_sha256, records=landed.records, columns=landed.columns)
    one = manifest_of(turn, observed, store, landed.results[0][1], fetched_at)
    made: dict[str, Manifest] = {}
    for account, own in landed.results:
        part = ByAccountPart(
            column=by_account.column,
            kept=by_account.keep or account is None,
            of=len(landed.results),
            csv=csv,
            problem=landed.problem,
        )
        stored = object_part(store, own, turn.version)
        about = {"account": account, "object": stored, "csv": csv_part(own), "table": own.table}
        made[turn.stem_of(account)] = one.model_copy(update={**about, "by_account": part})
    return made


def _known_before(fetched: Fetched, observed: QueryRun) -> dict[str, object]:
    """Says of a QueryRun that was there before what it is, and not what fetching its result was."""
    return {
        "refetched_from": fetched.run,
        "started_elsewhere": fetched.elsewhere,
        "definition": fetched.definition,
        "spec_sha256": fetched.spec_sha256,
        "window": fetched.window,
        "sql": fetched.sql,
        "sql_sha256": None if fetched.sql is None else _sha256(fetched.sql),
        "compress": not fetched.elsewhere or bool(observed.result and observed.result.content_type == "zip"),
        "ended_at": fetched.ended_at,
        "data_loaded_at": fetched.data_loaded_at,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _earlier_attempts(turn: Turn) -> tuple[AttemptPart, ...]:
    """Reads how the attempts before this one ended; asks nobody for the first, which nearly all are."""
    custody = turn.custody
    if not custody.attempt:
        return ()
    past = turn.runtime.ledger.past_failures(custody.flow, turn.lane, custody.index)
    return tuple(
        AttemptPart(
            attempt=each.attempt, query_run=each.query_run, error_class=each.error_class, code=each.code, at=each.at
        )
        for each in past
        if each.attempt < custody.attempt
    )
