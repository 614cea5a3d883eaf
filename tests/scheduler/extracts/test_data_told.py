"""A gate opens for all accounts of an extract at once: when the data of each are there."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.config.connections import Connection
from forebay.governor.deployment.seen_data import SeenData
from forebay.queryrun.errors import AuthError, ProviderError
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.extracts.data_told import MOST_ASKED, DataSources, DataTold
from forebay.scheduler.extracts.ready import QUESTION, Ready
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.scheduler.sql.data_times import EVERY, DataTimes
from forebay.store.local import LocalStore
from tests.scheduler.spec import config_of
from tests.worker.conftest import World

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
NEEDED = datetime(2026, 10, 5, tzinfo=UTC)
COLUMNS = (Column(name="id", type="varchar"),)


class Tables:
    """Stripe's lists of tables: up to when each account's `charges` go, or why it is not told."""

    def __init__(self, until: Mapping[str | None, datetime | Exception | None]) -> None:
        self.until = dict(until)
        self.asked: list[str | None] = []

    def __call__(self, connection: Connection, account: str | None, *, now: datetime) -> Catalog:
        self.asked.append(account)
        until = self.until[account]
        if isinstance(until, Exception):
            raise until
        table = Table(name="charges", columns=COLUMNS, refreshed_at=until)
        return Catalog(api_base=connection.api_base, account=account, fetched_at=now, tables=(table,))


def sources(world: World, folder: Path, tables: Tables, *, tells: bool = True) -> DataSources:
    """Those of an extract of as many accounts as `tables` has."""
    accounts = ", ".join(str(account) for account in tables.until)
    config = config_of(
        folder,
        "extracts:\n  fees: {sql: SELECT id FROM charges, accounts: asked, "
        "window: {every: 1d, start: 2026-10-01}, schedule: {when: data_ready}}\n",
        groups=f"  asked: {{list: [{accounts}]}}",
    )
    connections = {name: replace(each, tables_tell_data=tells) for name, each in config.connections.items()}
    config = replace(config, connections=connections)
    reconciler = Reconciler(world.rt.ledger, world.rt.redis, config, world.rt.store)
    submitter = Submitter(world.rt.ledger, world.rt.redis, reconciler)
    probes = str(folder / "probes")
    return DataSources(
        config=config,
        ready=Ready(world.rt.ledger, submitter, world.rt.store(probes), probes),
        times=DataTimes(Catalogs(LocalStore(folder / "catalogs")), tables),
        seen=SeenData(world.rt.redis),
    )


def told(sources: DataSources, now: datetime = NOON) -> datetime | None:
    """Asks, and says what is known then."""
    DataTold(sources, "fees", now).ask(NEEDED)
    return DataTold(sources, "fees", now).until()


def questions(world: World) -> list[str]:
    return list(world.rt.ledger.names.like(QUESTION))


def test_data_go_as_far_as_those_of_the_account_that_is_furthest_behind(world: World, tmp_path: Path) -> None:
    tables = Tables({"acct_1": NOON, "acct_2": NEEDED - timedelta(hours=1), "acct_3": NOON})
    behind = sources(world, tmp_path, tables)

    assert told(behind) == NEEDED - timedelta(hours=1)
    assert tables.asked == ["acct_1", "acct_2", "acct_3"]
    assert questions(world) == []

    tables.until["acct_2"] = NEEDED
    assert told(behind, NOON + EVERY) == NEEDED
    assert tables.asked[3:] == ["acct_2"], "of the others it is known that their data have come"


def test_nothing_is_known_before_each_account_was_asked_of(world: World, tmp_path: Path) -> None:
    accounts = [f"acct_{number:03}" for number in range(2 * MOST_ASKED + 1)]
    tables = Tables(dict.fromkeys(accounts, NOON))
    many = sources(world, tmp_path, tables)

    assert [told(many), told(many), told(many)] == [None, None, NOON]
    assert tables.asked == accounts
    assert DataTold(sources(world, tmp_path, tables), "fees", NOON).until() is None, "another process knows of one"


@pytest.mark.parametrize("untold", [AuthError("no", status=403), None])
def test_an_account_of_which_stripe_tells_nothing_keeps_no_gate_shut(
    world: World, tmp_path: Path, untold: Exception | None
) -> None:
    assert told(sources(world, tmp_path, Tables({"acct_1": NOON, "acct_2": untold}))) == NOON


def test_an_account_of_which_stripe_gave_no_answer_is_asked_again_before_the_gate_opens(
    world: World, tmp_path: Path
) -> None:
    tables = Tables({"acct_1": NOON, "acct_2": ProviderError("no answer")})
    both = sources(world, tmp_path, tables)

    assert told(both) is None
    tables.until["acct_2"] = NOON - timedelta(hours=1)
    assert told(both, NOON + EVERY) == NOON - timedelta(hours=1)


def test_what_a_run_of_an_account_saw_is_told_of_that_account(world: World, tmp_path: Path) -> None:
    tables = Tables({"acct_1": NOON, "acct_2": NEEDED - timedelta(hours=1)})
    both = sources(world, tmp_path, tables)
    world.rt.seen_data.note("acme", "acct_2", NOON - timedelta(hours=1))

    assert told(both) == NOON - timedelta(hours=1)
    assert tables.asked == ["acct_1"]


def test_where_lists_tell_nothing_of_data_a_run_of_the_first_account_answers_for_all(
    world: World, tmp_path: Path
) -> None:
    tables = Tables({"acct_1": NOON, "acct_2": NOON})

    assert told(sources(world, tmp_path, tables, tells=False)) is None
    assert (tables.asked, questions(world)) == ([], ["data-ready.acme.acct_1.20261005T1200Z"])
