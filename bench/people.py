"""Measures what people's commands cost, however long the batch is: `ls`, `show`, `retry --failed`, `cancel`, …

    python -m bench.people [--quick]

Each command is called as a user calls it, but in this process (Python's start, some 0.4 s, is the same for all), on
a batch whose first half has ended and whose second half waits, with failures spread over what has ended. The ledger is
in a folder, the Valkey and the sandbox (`retry` asks it whether the key is good) are this bench's own.
"""

import argparse
import contextlib
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.costs.spent import executed
from bench.figures import RESULTS, table
from forebay.cli.main import invoke
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.contract import Remembered
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.governor import Governor
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState
from forebay.scheduler.batches.opening import lane_limits
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, FailureRecord, Item
from forebay.store.local import LocalStore
from tests.governor.driver import reconcile
from tests.servers.processes import FOREIGN, sandbox
from tests.servers.valkey import valkey_server

SIZES = (10**3, 10**4, 10**5, 10**6)
FAILURES = 400
#: The last line: what grows with the failures, and with nothing else.
MANY_FAILURES = 10 * FAILURES
#: Commands that change nothing are called so often, and their median is told.
TIMES = 5
READ = {"ls": ("ls",), "show": ("show", "BATCH"), "show --failed": ("show", "BATCH", "--failed")}
CHANGE = {"retry --failed": ("retry", "BATCH", "--failed"), "cancel": ("cancel", "BATCH", "--yes")}
COMMANDS = {**READ, **CHANGE}


@dataclass(frozen=True, slots=True)
class Cost:
    """One command on one batch."""

    seconds: float
    redis_commands: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bench's commands work."""

    client: Any
    folder: Path


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """Makes a deployment that nobody works for: no worker runs, so a batch stays as it was made."""
    with tempfile.TemporaryDirectory(prefix="people-") as made, valkey_server() as redis_url:
        folder = Path(made)
        with sandbox(folder / "sandbox.log") as url, connect(redis_url) as client, surroundings(redis_url, url, folder):
            yield Place(client, folder)


@contextlib.contextmanager
def surroundings(redis_url: str, api_base: str, folder: Path, **others: str) -> Iterator[None]:
    """Makes these the settings of commands that are called in this process, and no others."""
    kept = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith(FOREIGN)}
    chosen = {
        "FOREBAY_REDIS_URL": redis_url,
        "FOREBAY_API_BASE": api_base,
        "FOREBAY_LEDGER": str(folder / "ledger"),
        "STRIPE_API_KEY": "rk_test_51Bench",
        **others,
    }
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            del os.environ[name]
        os.environ.update(kept)


def half_done(here: Place, size: int, failures: int) -> Batch:
    """Makes a batch as it stands when half of it has ended, so many of these without a result."""
    connection = load_config(Settings()).connection()
    lane = connection.lane(None)
    here.client.flushall()
    shutil.rmtree(here.folder / "ledger", ignore_errors=True)  # or what is gone from Redis would be found in it
    ledger = Ledger(LocalStore(here.folder / "ledger"))
    items = ((lane, Item(name=f"query-{n:07d}", sql=f"SELECT {n} AS n", account=None)) for n in range(size))
    now = datetime.now(UTC)
    batch_id = f"b{size}-{failures}"
    terms = BatchTerms(id=batch_id, output=str(here.folder / "out"), source="bench")
    batch = ledger.write_batch(terms, items, connection=connection.name, created_at=now).batch
    states = [RunState.LANDED] * (size // 2) + [RunState.WAITING] * (size - size // 2)
    why = FailureRecord(
        attempt=0,
        error_class=FailureClass.SQL,
        code="x",
        message="no such column",
        query_run="q",
        request_id="r",
        at=now,
    )
    for index in range(0, size // 2, size // 2 // failures):
        states[index] = RunState.FAILED
        ledger.record_failure(batch_id, lane, index, why)
    governor = Governor(here.client, lane)
    governor.configure(lane_limits(connection))
    reconcile(governor)
    Reconciliation(here.client, lane).restore_flow(
        batch_id, Remembered(size=size, states=states, attempts={}, stored_bytes=0, records=0, canceling=False)
    )
    RecentBatches(here.client).add(batch_id, now)
    return batch


def costs(here: Place, batch: Batch, *, times: int = TIMES) -> dict[str, Cost]:
    """Measures each command: the changing ones last, and once."""
    by_command = {}
    for name, arguments in COMMANDS.items():
        tried = [cost(here, batch, arguments) for _ in range(times if name in READ else 1)]
        by_command[name] = Cost(median(each.seconds for each in tried), tried[-1].redis_commands)
    return by_command


def cost(here: Place, batch: Batch, arguments: tuple[str, ...]) -> Cost:
    """Measures one command."""
    before = executed(here.client)
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = invoke([batch.id if argument == "BATCH" else argument for argument in arguments])
    seconds = time.perf_counter() - began
    if code:
        raise RuntimeError(f"{' '.join(arguments)}: {errors.getvalue()}")
    return Cost(seconds, executed(here.client) - before)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 10,000 runs, and nothing is written")
    quick = parser.parse_args().quick
    fillings = [(size, FAILURES) for size in SIZES[: 2 if quick else None]]
    fillings += [] if quick else [(SIZES[-1], MANY_FAILURES)]
    rows = []
    with place() as here:
        costs(here, half_done(here, SIZES[0], FAILURES), times=1)  # nobody is first
        for size, failures in fillings:
            by_command = costs(here, half_done(here, size, failures))
            cells = [f"{each.seconds * 1000:.0f} ms, {each.redis_commands}" for each in by_command.values()]
            rows.append([f"{size:,}", f"{failures:,}", *cells])
    page = "Time, and commands that Redis executed, those inside scripts included:\n\n"
    page += table(["runs", "failed", *COMMANDS], rows) + "\n"
    sys.stdout.write(page)
    if not quick:
        RESULTS.joinpath("people.md").write_text(page)


if __name__ == "__main__":
    main()
