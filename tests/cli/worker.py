"""Does a worker's part by hand: moves the runs of a deployment through the governor, without Stripe or Celery."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import redis

from forebay.governor.contract import Claimed, Custody
from forebay.governor.governor import Governor
from forebay.governor.states import RunState, Step
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import FailureRecord
from forebay.store.local import LocalStore
from tests.cli.conftest import until

LANE = "default:test"


class Hand:
    """One lane's worker."""

    def __init__(self, client: redis.Redis) -> None:
        self.governor = Governor(client, LANE)

    def start(self, most: int = 10) -> list[Custody]:
        """Takes custody of runs that are due for their create, and names a QueryRun for each."""
        started = []
        for claimed in self._claim(Step.SUBMIT, most):
            custody = self.governor.begin(claimed, RunState.GRANTED, 60_000)
            assert custody
            self.governor.mark_sent(custody, f"key-{custody.index}")
            self.governor.bind(custody, f"qryrun_{custody.index}", 0)
            started.append(custody)
        return started

    def begun(self, run: str) -> list[Custody]:
        """Takes custody of what is due for its create, and gives that of one run, without a word of Stripe."""
        claimed = [each for each in self._claim(Step.SUBMIT, 1) if each.run == run]
        begun = (self.governor.begin(each, RunState.GRANTED, 60_000) for each in claimed)
        return [custody for custody in begun if custody]

    def begin_one(self) -> Custody:
        """The next run, as soon as the budget lets it start."""
        (custody,) = until(lambda: self.start(most=1), "a run may start")
        return custody

    def land(self, custody: Custody, stored_bytes: int = 100) -> None:
        """The run has landed."""
        assert self.governor.ready(custody)
        assert self.governor.finish(custody, RunState.LANDED, stored_bytes=stored_bytes, records=1)

    def fail(self, custody: Custody, message: str) -> None:
        """The run has failed, and the ledger knows why."""
        record = FailureRecord(
            attempt=custody.attempt,
            error_class=FailureClass.SQL,
            code="query_run_invalid_sql",
            message=message,
            query_run=None,
            request_id="req_1",
            at=datetime.now(UTC),
        )
        Ledger(LocalStore(Path(".forebay/ledger"))).record_failure(custody.flow, LANE, custody.index, record)
        assert self.governor.finish(custody, RunState.FAILED)

    def _claim(self, step: Step, most: int) -> Iterator[Claimed]:
        """Until nothing more is due: a claim is bounded by the budgets."""
        found = self.governor.claim(submits=most, downloads=0, polls=0).due[step]
        yield from found
