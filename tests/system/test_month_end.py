"""examples/month-end in a short form: a few of its accounts, whichever way their keys are kept."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.cli.exits import Exit
from forebay.cli.output.closings import exit_code
from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.scheduler.batches.progress import Reader
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.definitions.expand import Wanted, expand_batch
from forebay.store.ledger.outcomes import Closing, Coverage
from forebay.store.ledger.records import Batch
from tests.servers.processes import NO_EVENTS, NO_LIMITS, sandbox
from tests.system.world import World, world_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "month-end"
ACCOUNTS = [f"acct_sandbox{number:04d}" for number in (1, 2, 3)]
REPORTS = 12
#: Beside the example's own connection, one with a key for each account.
KEYS = """
  by_account:
    mode: test
    key: secret://env/MONTH_END_KEY_{account}
    api_base: http://127.0.0.1:8420
    requests: {creates_per_s: 1000, retrieves_per_s: 1000, per_s: 2000}
"""


@pytest.fixture(scope="module")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    options = ["--accounts", "3", "--duration", "fixed:0"]
    options += [*NO_LIMITS, *NO_EVENTS]
    with sandbox(tmp_path_factory.mktemp("sandbox") / "log", *options) as url:
        yield url


@pytest.fixture(autouse=True)
def sandbox_as_at_the_start(stripe_url: str) -> None:
    httpx.post(f"{stripe_url}/sandbox/reset").raise_for_status()


@pytest.fixture
def config(tmp_path: Path, stripe_url: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The example's spec, for three accounts, and for a sandbox on another port."""
    monkeypatch.setenv("MONTH_END_KEY", "sk_org_test_x")
    for account in ACCOUNTS:
        monkeypatch.setenv(f"MONTH_END_KEY_{account}", f"rk_test_{account}_x")
    folder = shutil.copytree(EXAMPLE, tmp_path / "month-end")
    (folder / "accounts.csv").write_text("account,tags\n" + "".join(f"{account},close\n" for account in ACCOUNTS))
    spec = folder / "forebay.yaml"
    text = (
        spec.read_text()
        .replace("\naccounts:", f"{KEYS}\naccounts:")
        .replace("expect_at_least: 38", "expect_at_least: 3")
        # A third of the accounts is more than the example would bear.
        .replace("stop_after: 10%", "stop_after: 50%")
    )
    spec.write_text(text.replace("http://127.0.0.1:8420", stripe_url))
    return load_config(Settings(_env_file=None, spec=spec))


def mend(config: Config, report: str, old: str, new: str) -> None:
    """Changes the text of one report, for better or worse."""
    assert config.written
    path = config.written.folder / "reports" / f"{report}.sql"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def world(config: Config, stripe_url: str, valkey_url: str, tmp_path: Path) -> Iterator[World]:
    now = datetime(2026, 11, 1, 9, tzinfo=UTC)
    with world_of(config, stripe_url, redis_url=valkey_url, ledger=tmp_path / "ledger", now=now) as world:
        yield world


def submit(world: World, output: Path, connection: str = "organization") -> Batch:
    """Submits the month end over one of the connections, and lets the workers do what they can."""
    rt, config = world.rt, world.rt.config
    wanted = Wanted(connection=config.connection(connection), output=str(output))
    expansion = expand_batch(config, "month_end", now=world.now, wanted=wanted)
    batch = Submitter(rt.ledger, rt.redis, Reconciler(rt.ledger, rt.redis, config, rt.store)).submit(
        expansion.new_batch()
    )
    world.work()
    return batch


def run(world: World, output: Path, connection: str = "organization") -> tuple[Batch, Closing]:
    """Runs the month end to its end."""
    batch = submit(world, output, connection)
    closing = world.rt.ledger.closing(batch.id)
    if closing is None:
        progress = Reader(world.rt.ledger, world.rt.redis).progress(batch)
        troubles = ClosingQueue(world.rt.redis).troubles()
        counts = f"{progress.landed} landed, {progress.failed} failed, {progress.held} held, {progress.waiting} waiting"
        pytest.fail(f"the batch was not closed: of {progress.size} {counts}; put off: {troubles}")
    return batch, closing


def files(output: Path, pattern: str = "*.csv") -> dict[str, bytes]:
    """What is there below the batches of an output."""
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob(pattern)}


def published(output: Path, batch: Batch) -> dict[str, bytes]:
    return files(output / batch.id) if (output / batch.id).exists() else {}


def manifest(output: Path, batch: Batch) -> dict[str, Any]:
    """What stands beside the batch's results."""
    found: dict[str, Any] = json.loads((output / batch.id / "_batch.json").read_text())
    return found


def test_every_report_of_every_account_is_tied_out_and_published(world: World, tmp_path: Path) -> None:
    batch, closing = run(world, tmp_path / "out")

    assert (closing.outcome, exit_code(closing)) == ("landed", Exit.OK)
    assert closing.coverage == Coverage(expected=3, landed=3)
    checks = Counter((check.check, check.ok) for check in closing.checks)
    assert checks == {(kind, True): REPORTS * len(ACCOUNTS) for kind in ("columns", "rows", "tie_out")}
    assert len(published(tmp_path / "out", batch)) == 2 * REPORTS * len(ACCOUNTS)
    assert manifest(tmp_path / "out", batch)["coverage"]["missing"] == []
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == [batch.id], "quarantine is not empty"


def test_a_report_that_does_not_tie_out_keeps_the_whole_month_from_being_published(
    world: World, config: Config, tmp_path: Path
) -> None:
    mend(config, "refunds", "WHERE", "WHERE refunds.reason <> 'fraudulent' AND")

    batch, closing = run(world, tmp_path / "out")

    assert (closing.outcome, exit_code(closing)) == ("checks_failed", Exit.CHECKS)
    (failed,) = {(check.check, check.name) for check in closing.checks if not check.ok}
    assert failed == ("tie_out", "refunds")
    assert not published(tmp_path / "out", batch)
    assert len(files(tmp_path / "out" / "_quarantine")) == 2 * REPORTS * len(ACCOUNTS)


def test_a_wrong_report_fails_alone_and_holds_the_others_back(world: World, config: Config, tmp_path: Path) -> None:
    mend(config, "balance_activity", "FROM balance_transactions", "FROM balance_transaction")

    batch = submit(world, tmp_path / "out")

    stop = world.rt.ledger.stop(batch.id)
    assert stop and stop.by == "canary"
    assert world.rt.ledger.closing(batch.id) is None
    progress = Reader(world.rt.ledger, world.rt.redis).progress(batch)
    assert (progress.failed, progress.waiting) == (1, 2 * REPORTS * len(ACCOUNTS) - 1)
    assert not world.executions()


def test_an_account_that_lost_its_access_is_named_and_nothing_is_published(world: World, tmp_path: Path) -> None:
    world.control(no_access=ACCOUNTS[2])

    batch, closing = run(world, tmp_path / "out")

    assert closing.outcome == "failed"
    assert closing.coverage == Coverage(expected=3, landed=2, missing=(ACCOUNTS[2],))
    (group,) = closing.failures
    assert (group.error_class, group.accounts, group.count) == ("auth", (ACCOUNTS[2],), 2 * REPORTS)
    assert not published(tmp_path / "out", batch)


def test_an_organizations_key_and_a_key_for_each_account_give_equal_trees(world: World, tmp_path: Path) -> None:
    by_context, _ = run(world, tmp_path / "whole", "organization")
    by_key, _ = run(world, tmp_path / "single", "by_account")
    assert [flow.lane for flow in by_context.flows] == ["organization:test"]
    assert [flow.lane for flow in by_key.flows] == [f"by_account:test:{account}" for account in ACCOUNTS]

    found = published(tmp_path / "whole", by_context)
    assert found == published(tmp_path / "single", by_key)
    assert len(found) == 2 * REPORTS * len(ACCOUNTS)
