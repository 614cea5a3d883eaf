"""A caller's key: the same key is the same batch, whoever asks, how often, and wherever somebody dies on the way."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.config.standing import DEFAULT_STANDING, FlowClass, Standing
from forebay.governor.errors import GovernorError
from forebay.scheduler.batches.budgets import DailyBudget, taken
from forebay.scheduler.batches.keyed_batch import with_key
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.errors import InputError, KeyTaken, SchedulerError
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, Item
from forebay.store.local import LocalStore
from tests.deaths.death_rows import without_a_row
from tests.deaths.mortal import Death, MortalRedis, mortal_store
from tests.store.conftest import local_store, s3_options, s3_store, store
from tests.worker.conftest import LANE, World

__all__ = ["local_store", "s3_options", "s3_store", "store"]

KEY = "daily-2026-11-27"
TEXTS = ("SELECT 1", "SELECT 2")


def asked(world: World, *sql: str, key: str = KEY, output: str = "", standing: Standing = DEFAULT_STANDING) -> NewBatch:
    """Says what somebody asks under a key."""
    items = [Item(name=f"q{n}", sql=text, account=None) for n, text in enumerate(sql)]
    terms = BatchTerms(id="to be keyed", output=output or str(world.destination), source="test", standing=standing)
    return with_key(NewBatch(terms=terms, connection=world.rt.config.connection(), items=items), key, queries=items)


def test_the_same_key_is_the_same_batch(world: World) -> None:
    first = world.submitter.submit(asked(world, "SELECT 1"))

    assert world.submitter.submit(asked(world, "SELECT 1")) == first
    assert [world.rt.ledger.batch_in(each) for each in world.rt.ledger.names.folders()] == [first]
    assert world.rt.ledger.batch(first.id).caller_key == first.caller_key


@pytest.mark.parametrize(
    "other",
    [
        lambda world: asked(world, "SELECT 2"),
        lambda world: asked(world, "SELECT 1", "SELECT 2"),
        lambda world: asked(world, "SELECT 1", output="/elsewhere"),
    ],
    ids=["text", "one more", "place"],
)
def test_other_content_under_the_same_key_is_an_error(world: World, other: Callable[[World], NewBatch]) -> None:
    first = world.submitter.submit(asked(world, "SELECT 1"))

    with pytest.raises(KeyTaken, match=f"'{KEY}' is that of batch {first.id}, which asks something else"):
        world.submitter.submit(other(world))
    assert list(world.rt.ledger.items(first.id, LANE)) == [Item(name="q0", sql="SELECT 1", account=None)]


def test_how_it_is_served_can_change_and_is_no_other_content(world: World) -> None:
    first = world.submitter.submit(asked(world, "SELECT 1"))

    again = world.submitter.submit(asked(world, "SELECT 1", standing=Standing(flow_class=FlowClass.BACKFILL, weight=2)))
    assert again == first


def test_of_a_definition_its_name_and_parameters_count_and_not_its_texts_of_today(world: World) -> None:
    def of(sql: str, **params: str) -> NewBatch:
        new = asked(world, sql)
        return with_key(new, KEY, definition="fees", params=params)

    first = world.submitter.submit(of("SELECT 1", currency="eur"))

    assert first.id.startswith("fees-daily-2026-11-27-k")
    assert world.submitter.submit(of("SELECT mended", currency="eur")) == first
    with pytest.raises(KeyTaken):
        world.submitter.submit(of("SELECT 1", currency="usd"))


def test_a_key_that_is_taken_spends_nothing_of_a_budget(world: World) -> None:
    budget = DailyBudget(definition="fees", runs_per_day=9, runs=1)
    world.submitter.submit(replace(asked(world, "SELECT 1"), budget=budget))

    with pytest.raises(KeyTaken):
        world.submitter.submit(replace(asked(world, "SELECT 2"), budget=budget))
    assert taken(world.rt.ledger.spent, ["fees"], datetime.now(UTC).date()) == 1


@pytest.mark.parametrize("key", ["", " a", "a\n", "a\nb", "x" * 251])
def test_what_is_no_key_is_refused(world: World, key: str) -> None:
    with pytest.raises(InputError, match="a key"):
        asked(world, "SELECT 1", key=key)


def test_of_many_at_once_one_makes_it_and_the_others_have_it_or_hear_that_it_is_taken(
    world: World, store: Store
) -> None:
    def submit(number: int) -> Batch | None:
        ledger = Ledger(store)  # each is a process of its own
        reconciler = Reconciler(ledger, world.rt.redis, world.rt.config, world.rt.open_store)
        try:
            return Submitter(ledger, world.rt.redis, reconciler).submit(asked(world, TEXTS[number % 2]))
        except KeyTaken:
            return None

    with ThreadPoolExecutor(8) as threads:
        came = list(threads.map(submit, range(8)))

    made = {batch.id: batch for batch in came if batch}
    assert len(made) == 1, came
    (batch,) = made.values()
    (item,) = Ledger(store).items(batch.id, LANE)
    winner = TEXTS.index(item.sql)
    assert [each is not None for each in came] == [number % 2 == winner for number in range(8)]
    seen = world.view.flow(LANE, batch.id)
    assert seen and seen.size == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(TEXTS), st.booleans()), max_size=8))
def test_whatever_is_asked_in_whatever_order_each_key_has_what_was_asked_first(
    world: World, wishes: list[tuple[str, str, bool]]
) -> None:
    world.rt.redis.flushall()
    world.rt.ledger = Ledger(LocalStore(world.destination.parent / f"ledger-{os.urandom(4).hex()}"))
    world.__post_init__()
    first: dict[str, str] = {}
    for key, sql, redis_is_lost in wishes:
        if redis_is_lost:
            world.rt.redis.flushall()
        new = asked(world, sql, key=key)
        if first.setdefault(key, sql) == sql:
            assert world.submitter.submit(new).id == new.terms.id
        else:
            with pytest.raises(KeyTaken):
                world.submitter.submit(new)
    folders = list(world.rt.ledger.names.folders())
    assert len(folders) == len(first)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
def test_who_dies_anywhere_and_asks_again_has_one_batch_that_runs(
    world: World, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # processes die here and the disk does not
    calm = Death()
    _submit_once(world, calm, world.destination.parent / "calm")
    assert not without_a_row(calm.seen, "forebay submit")

    for number, spot in enumerate(calm.spots()):
        death, folder = Death(spot, done=done), world.destination.parent / f"ledger-{done}-{number}"
        world.rt.redis.flushall()
        _submit_once(world, death, folder)
        assert death.struck, spot
        world.rt.ledger = Ledger(LocalStore(folder))
        world.__post_init__()
        batch = world.submitter.submit(asked(world, *TEXTS))
        flow = world.view.flow(LANE, batch.id)
        assert flow and flow.waiting + flow.held == len(TEXTS), spot
        assert [item.sql for item in world.rt.ledger.items(batch.id, LANE)] == [*TEXTS], spot
        with pytest.raises(KeyTaken):
            world.submitter.submit(asked(world, "SELECT 3"))


def _submit_once(world: World, death: Death, folder: Path) -> None:
    ledger, client = Ledger(mortal_store(LocalStore(folder), death)), MortalRedis(world.rt.redis, death)
    reconciler = Reconciler(ledger, client, world.rt.config, world.rt.open_store)
    try:
        Submitter(ledger, client, reconciler).submit(asked(world, *TEXTS))
    except (StoreError, GovernorError, SchedulerError):
        assert death.struck
