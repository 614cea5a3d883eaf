"""examples/month-end in a short form: a few of its accounts, whichever way their keys are kept."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.connections import Config
from config.load import load_config
from config.settings import Settings
from scheduler.batches import Batches
from scheduler.expand import Wanted, expand_batch
from store.records import Batch
from tests.servers.processes import sandbox
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
    options += ["--endpoint-rate-per-s", "0", "--global-rate-test-per-s", "0"]
    with sandbox(tmp_path_factory.mktemp("sandbox") / "log", *options) as url:
        yield url


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
    )
    spec.write_text(text.replace("http://127.0.0.1:8420", stripe_url))
    return load_config(Settings(_env_file=None, spec=spec))


@pytest.fixture
def world(config: Config, stripe_url: str, valkey_url: str, tmp_path: Path) -> Iterator[World]:
    now = datetime(2026, 11, 1, 9, tzinfo=UTC)
    with world_of(config, stripe_url, redis_url=valkey_url, ledger=tmp_path / "ledger", now=now) as world:
        yield world


def run(world: World, connection: str, output: Path) -> Batch:
    """Runs the month end over one of the connections, to its end."""
    config = world.rt.config
    wanted = Wanted(connection=config.connection(connection), output=str(output))
    expansion = expand_batch(config, "month_end", now=world.now, wanted=wanted)
    batch = expansion.submit(Batches(world.rt.ledger, world.rt.redis, config))
    world.work()
    return batch


def tree(output: Path, batch: Batch) -> dict[str, bytes]:
    """Every object that was published, by its place below the batch."""
    root = output / batch.id
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.csv")}


def test_an_organizations_key_and_a_key_for_each_account_give_equal_trees(world: World, tmp_path: Path) -> None:
    whole, single = tmp_path / "whole", tmp_path / "single"
    by_context, by_key = run(world, "organization", whole), run(world, "by_account", single)
    assert [flow.lane for flow in by_context.flows] == ["organization:test"]
    assert [flow.lane for flow in by_key.flows] == [f"by_account:test:{account}" for account in ACCOUNTS]

    found = tree(whole, by_context)
    assert found == tree(single, by_key)
    assert len(found) == 2 * REPORTS * len(ACCOUNTS)
