"""Measures one look of who follows a batch: of a million runs on one lane, and over hundreds of lanes.

The look is that of `run` and `watch` (`cli/following/follow.py`), in this process. Of the long batch all but the first
run and the last hundred have landed, and the first is still alive: none of it can be left out by where it ends.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median

from bench.costs.figure import CostFigure, ms
from bench.costs.lone_deployments import LANE_EACH
from bench.costs.spent import executed
from bench.people import surroundings
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.following.follow import Follower
from forebay.cli.output.audience import Settled, Snapshot
from forebay.cli.output.cause import Cause
from forebay.config.settings import Settings
from forebay.governor.contract import Remembered
from forebay.governor.governor import Governor
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.states import RunState
from forebay.scheduler.batches.opening import lane_limits, open_batch
from forebay.store.ledger.records import Batch, BatchTerms, Item
from tests.governor.driver import reconcile
from tests.servers.valkey import valkey_server

#: Runs that wait behind all that have landed.
_WAITING = 100


class _Nobody:
    """Sees and says nothing: what showing costs is another matter."""

    def show(self, snapshot: Snapshot) -> None:  # noqa: ARG002 # it is an audience
        return

    def settled(self, settled: Settled) -> None:  # noqa: ARG002
        return

    def trouble(self, cause: Cause, elapsed_s: float) -> None:  # noqa: ARG002
        raise RuntimeError(str(cause))

    def close(self) -> None:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class LookCost:
    """What looks at one batch cost: the first, and each of those after it."""

    first_s: float
    next_s: float
    first_commands: int
    next_commands: float


@contextmanager
def _deployed(spec: str = "") -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory(prefix="cost-") as made, valkey_server() as redis_url:
        folder = Path(made)
        (folder / "forebay.yaml").write_text(spec)
        named = {"FOREBAY_SPEC": str(folder / "forebay.yaml")} if spec else {}
        # Nobody asks it anything.
        with surroundings(redis_url, "http://127.0.0.1:9", folder, **named), open_deployment(Settings()) as deployment:
            yield deployment


def _written(deployment: Deployment, items: Iterable[tuple[str, Item]]) -> Batch:
    now = datetime.now(UTC)
    terms = BatchTerms(id="followed", output=deployment.settings.ledger, source="a bench")
    connection = deployment.config.connection()
    return deployment.ledger.write_batch(terms, items, connection=connection.name, created_at=now).batch


def looks_at_a_long_batch(runs: int, looks: int) -> LookCost:
    """Looks at a batch of so many runs."""
    with _deployed() as deployment:
        connection = deployment.config.connection()
        lane = connection.lane(None)
        items = ((lane, Item(name=f"q{n}", sql=f"SELECT {n}", account=None)) for n in range(runs))
        batch = _written(deployment, items)
        landed = runs - _WAITING - 1
        states = [RunState.WAITING, *[RunState.LANDED] * landed, *[RunState.WAITING] * _WAITING]
        governor = Governor(deployment.redis, lane)
        governor.configure(lane_limits(connection))
        reconcile(governor)
        Reconciliation(deployment.redis, lane).restore_flow(
            batch.id,
            Remembered(size=runs, states=states, attempts={}, stored_bytes=0, records=0, canceling=False),
        )
        return _looks(deployment, batch, looks)


def looks_over_lanes(lanes: int, looks: int) -> LookCost:
    """Looks at a batch that has two runs on each of so many lanes."""
    with _deployed(LANE_EACH) as deployment:
        connection = deployment.config.connection()
        accounts = [f"acct_{number:06d}" for number in range(lanes)]
        items = (
            (connection.lane(account), Item(name=f"{account}-{n}", sql=f"SELECT {n}", account=account))
            for account in accounts
            for n in range(2)
        )
        batch = _written(deployment, items)
        open_batch(deployment.redis, batch, connection)
        for account in accounts:
            reconcile(Governor(deployment.redis, connection.lane(account)))
        return _looks(deployment, batch, looks)


def _looks(deployment: Deployment, batch: Batch, count: int) -> LookCost:
    follower = Follower(deployment, batch, _Nobody(), tell_past=False)
    spent: list[tuple[float, int]] = []
    for _ in range(1 + count):
        before, began_s = executed(deployment.redis), time.perf_counter()
        follower.look()
        spent.append((time.perf_counter() - began_s, executed(deployment.redis) - before))
    if follower.last is None:
        raise RuntimeError("nothing was seen")
    first, *others = spent
    return LookCost(
        first_s=first[0],
        next_s=median(seconds for seconds, _ in others),
        first_commands=first[1],
        next_commands=fmean(commands for _, commands in others),
    )


def figures(runs: int, lanes: int, looks: int) -> Sequence[CostFigure]:
    """Measures both."""
    return [
        _line(f"following: one look at {runs:,} runs", looks_at_a_long_batch(runs, looks), "≤ 5 ms"),
        _line(f"following: one look over {lanes:,} lanes", looks_over_lanes(lanes, looks), "≤ 30 ms"),
    ]


def _line(what: str, cost: LookCost, demanded: str) -> CostFigure:
    return CostFigure(
        what=what,
        now=f"{ms(cost.next_s)}, {cost.next_commands:,.0f} commands (the first {ms(cost.first_s)})",
        demanded=demanded,
        found={
            "first_s": cost.first_s,
            "next_s": cost.next_s,
            "first_commands": cost.first_commands,
            "next_commands": cost.next_commands,
        },
    )
