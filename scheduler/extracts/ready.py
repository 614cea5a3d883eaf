"""Asks up to where Sigma has data, which an extract with `when: data_ready` waits for.

By a small query of its own, a batch whose id counts in steps of minutes: however many beats and extracts want to
know, Stripe runs one query a step for each account that is asked. Its answer lies beside the ledger: any beat reads it.
"""

import logging
from datetime import UTC, datetime, timedelta

from forebay.config.connections import Connection
from forebay.config.standing import FlowClass, Standing
from forebay.landing.errors import Unreadable
from forebay.landing.manifest import read_manifest
from forebay.landing.result_paths import first_stem
from forebay.landing.rows import read_rows
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.submitting import Submitter
from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item

log = logging.getLogger(__name__)

#: What the id of a question begins with. No definition has such a name.
QUESTION = "data-ready."

#: Between two questions. Data come in once in hours, and each question is a run.
EVERY = timedelta(minutes=15)

#: `data_load_time` is how fresh the data is, and may stand wherever a value may.
#: https://docs.stripe.com/stripe-data/write-queries
SQL = "SELECT data_load_time AS loaded"
_NAME = "data_load_time"
#: After a restart so many of the newest answers are read; the last one may not be there yet.
NEWEST = 3
#: And none that is older: a newer one is soon asked for.
LATELY = timedelta(days=7)


def is_question(batch_id: str) -> bool:
    """Tells the batch of a question from all others."""
    return batch_id.startswith(QUESTION)


def answers_place(ledger_url: str) -> str:
    """Says where answers lie: beside the ledger, and so not among anybody's results."""
    return f"{ledger_url.rstrip('/')}/probes"


class Ready:
    """Asks, and remembers the newest answer of each account. One thread uses it."""

    def __init__(self, ledger: Ledger, submitter: Submitter, store: Store, output: str) -> None:
        """Takes as `store` the one that `output` names; answers land there."""
        self._ledger, self._submitter, self._store, self._output = ledger, submitter, store, output
        self._loaded: dict[str, datetime] = {}
        self._recalled: set[str] = set()
        self._asked: set[str] = set()

    def known(self, connection: Connection, account: str | None, now: datetime) -> datetime | None:
        """Says up to where data is known to be, by the newest answers of whoever asked lately. Raises StoreError."""
        whose = _whose(connection, account)
        if whose not in self._recalled:
            self._recalled.add(whose)
            prefix = f"{QUESTION}{whose}."
            asked = self._ledger.names.like(f"{prefix}2", after=f"{prefix}{now - LATELY:%Y%m%dT}")
            for batch_id in sorted(asked)[-NEWEST:]:
                self._read(whose, batch_id)
        return self._loaded.get(whose)

    def is_asked(self, connection: Connection, account: str | None) -> bool:
        """Says whether a question is on its way, so that an answer is soon there."""
        return _whose(connection, account) in self._asked

    def ask(
        self, connection: Connection, account: str | None, now: datetime, budget: DailyBudget | None = None
    ) -> None:
        """Reads the answer to this step's question, or asks it if nobody did: `known` says what came of it.

        A question is a run of who asks it first, by whose `budget` it goes. Raises StoreError and what submitting
        raises.
        """
        whose = _whose(connection, account)
        step = datetime.fromtimestamp(now.timestamp() // EVERY.total_seconds() * EVERY.total_seconds(), UTC)
        batch_id = f"{QUESTION}{whose}.{step:%Y%m%dT%H%MZ}"
        try:
            batch = self._ledger.batch(batch_id)
        except NotFound:
            self._submitter.submit(
                NewBatch(
                    terms=BatchTerms(
                        id=batch_id,
                        output=self._output,
                        source="whether data is ready",
                        standing=Standing(flow_class=FlowClass.INTERACTIVE),
                    ),
                    connection=connection,
                    items=[Item(name=_NAME, sql=SQL, account=account)],
                    budget=budget,
                )
            )
            self._asked.add(whose)
            return
        if self._read(whose, batch.id):
            self._asked.discard(whose)
        else:
            self._asked.add(whose)

    def _read(self, whose: str, batch_id: str) -> bool:
        """Reads what the question came to; False if it has come to nothing yet."""
        try:
            batch = self._ledger.batch(batch_id)
        except NotFound:
            return False
        lane = batch.flows[0].lane
        manifest = read_manifest(self._store, first_stem(batch, self._ledger.item(batch_id, lane, 0)))
        if manifest is None:
            failure = self._ledger.failure(batch_id, lane, 0)
            if failure:
                about = {"event": "data_unknown", "batch": batch_id, "error_class": failure.error_class}
                log.warning("nobody can tell whether data is ready: %s", failure.message, extra=about)
            return failure is not None
        rows = read_rows(self._store.open(manifest.object.key), manifest.object.format, manifest.csv.bytes)
        try:
            _, (text,) = rows
            loaded = _moment(text)
        except (Unreadable, ValueError):
            log.warning("the answer to %s cannot be read", SQL, extra={"event": "data_unknown", "batch": batch_id})
            return True
        # An answer is never taken back: what was there is there.
        self._loaded[whose] = max(loaded, self._loaded.get(whose, loaded))
        return True


def _whose(connection: Connection, account: str | None) -> str:
    return connection.name if account is None else f"{connection.name}.{account.replace('/', '.')}"


def _moment(text: str) -> datetime:
    """Reads a timestamp as Trino writes it, with or without a zone; without one it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
