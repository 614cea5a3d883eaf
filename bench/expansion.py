"""Measures what it costs to plan and to submit a definition, by how many items it comes to.

    python -m bench.expansion [--quick]

Each size is measured in a process of its own, since a process cannot forget the most that it ever held. The spec is
read, the definition expanded and estimated as `forebay plan` does it, which renders only what it has to check, and then
submitted to a ledger in a folder and a Valkey of its own. Every query names its account, so that each item's SQL is
another text: the dearest case.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import RESULTS, picture, table
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.redis_client import connect
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.definitions.estimate import estimate
from forebay.scheduler.definitions.expand import expand_batch
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore, open_folder
from tests.servers.valkey import valkey_server

SIZES = (1_000, 10_000, 100_000)
QUICK = (100, 1_000)
ACCOUNTS = 100
#: What it has to stay below.
MOST_S = 30.0

SPEC = """\
version: 1
connections:
  acme: {mode: test, key: secret://env/BENCH_EXPANSION_KEY}
accounts:
  all: {file: accounts.csv}
defaults: {connection: acme, output: out}
batches:
  many: {sql: SQL, accounts: all, fan_out: per_account, matrix: {number: NUMBERS}}
"""
SQL = (
    "SELECT id, created, amount, currency FROM charges "
    "WHERE status = {{ params.number }} AND description <> {{ account }} ORDER BY created, id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionCost:
    """One size."""

    items: int
    plan_s: float
    submit_s: float
    start_mb: float
    """What the process had held before it read the spec."""
    peak_mb: float
    redis_bytes: int


def measure(items: int, folder: Path, redis_url: str) -> DefinitionCost:
    """Plans and submits so many items."""
    start_mb = _most_mb()
    spec = _write(folder, items)
    with connect(redis_url) as client:
        client.flushall()
        config = load_config(Settings(_env_file=None, spec=spec))
        begun = time.perf_counter()
        expansion = expand_batch(config, "many", now=datetime.now(UTC))
        estimate(expansion.lanes, expansion.connection, None)
        planned = time.perf_counter()
        ledger = Ledger(LocalStore(folder / "ledger"))
        reconciler = Reconciler(ledger, client, config, open_folder)
        batch = Submitter(ledger, client, reconciler).submit(expansion.new_batch())
        submitted = time.perf_counter()
        in_redis = sum(client.memory_usage(key) or 0 for key in client.scan_iter())  # the scripts' text is no batch's
    if batch.size != items:
        raise SystemExit(f"{batch.flows} are not {items} items")
    return DefinitionCost(
        items=items,
        plan_s=planned - begun,
        submit_s=submitted - planned,
        start_mb=start_mb,
        peak_mb=_most_mb(),
        redis_bytes=in_redis,
    )


def _write(folder: Path, items: int) -> Path:
    (folder / "accounts.csv").write_text("account\n" + "".join(f"acct_{number:06d}\n" for number in range(ACCOUNTS)))
    numbers = json.dumps([str(number) for number in range(items // ACCOUNTS)])
    spec = folder / "forebay.yaml"
    spec.write_text(SPEC.replace("SQL", json.dumps(SQL)).replace("NUMBERS", numbers))
    return spec


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KiB


def in_own_process(items: int, redis_url: str) -> DefinitionCost:
    """Measures in a process that has done nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.expansion", "--one", str(items), "--folder", folder]
        done = subprocess.run(
            command, env={**os.environ, "BENCH_EXPANSION_REDIS": redis_url}, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    return DefinitionCost(**json.loads(done.stdout))


def report(costs: Sequence[DefinitionCost]) -> str:
    """Writes the table."""
    columns = ("items", "plan ms", "submit s", "items/s", "MiB at start", "MiB at most", "Redis bytes")
    rows = [
        (
            f"{one.items:,}",
            f"{1000 * one.plan_s:.1f}",
            f"{one.submit_s:.2f}",
            f"{one.items / (one.plan_s + one.submit_s):,.0f}",
            f"{one.start_mb:.0f}",
            f"{one.peak_mb:.0f}",
            f"{one.redis_bytes:,}",
        )
        for one in costs
    ]
    return (
        f"One definition over {ACCOUNTS} accounts, each item's SQL another text; ledger in a folder, one process:\n\n"
        + table(columns, rows)
        + "\n"
    )


def draw(costs: Sequence[DefinitionCost]) -> None:
    """Draws seconds, and memory, by items."""
    with picture("expansion", 1, 2, (9, 3.6)) as (_, axes):
        seconds, memory = axes[0]
        items = [one.items for one in costs]
        seconds.loglog(items, [one.plan_s for one in costs], "o-", label="plan")
        seconds.loglog(items, [one.submit_s for one in costs], "o-", label="submit")
        seconds.axhline(MOST_S, color="gray", linestyle=":", label=f"{MOST_S:.0f} s")
        seconds.set(xlabel="items", ylabel="seconds")
        seconds.legend()
        memory.semilogx(items, [one.peak_mb for one in costs], "o-", label="at most")
        memory.semilogx(items, [one.start_mb for one in costs], "o-", label="before the spec is read")
        memory.set(xlabel="items", ylabel="MiB", ylim=(0, 1.3 * max(one.peak_mb for one in costs)))
        memory.legend()


def main() -> None:
    parser = argparse.ArgumentParser(description="what planning and submitting cost, by the number of items")
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        sys.stdout.write(json.dumps(asdict(measure(args.one, args.folder, os.environ["BENCH_EXPANSION_REDIS"]))))
        return
    with valkey_server() as url:
        costs = [in_own_process(items, url) for items in (QUICK if args.quick else SIZES)]
    text = report(costs)
    sys.stdout.write(text)
    if not args.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "expansion.md").write_text(text)
        draw(costs)


if __name__ == "__main__":
    main()
