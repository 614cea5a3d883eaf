"""Two batches of one expansion ask the same by both generations, and count as nothing that ran."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.standing import FlowClass
from forebay.config.stripe import Api
from forebay.landing.result_paths import folder_of
from forebay.scheduler.batches.budgets import taken
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.comparing.shadow_batches import shadow_of
from forebay.scheduler.definitions.expand import AS_WRITTEN, Wanted, expand_batch, expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import BudgetExceeded, InputError
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Window, parse_batch_id
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.records import Batch
from forebay.store.local import LocalStore
from tests.scheduler.closing.conftest import closing
from tests.scheduler.spec import config_of

EXTRACT = """
extracts:
  fees:
    sql: "SELECT id FROM fees WHERE created >= {{ window.start }} AND created < {{ window.end }}"
    accounts: some
    window: {every: 1d, start: 2026-01-01, timezone: UTC}
    checks: {rows: {min: 1}}
    publish: all_or_nothing
    budget: {runs_per_day: 7, stop_after: 20%}
    notify: {command: [mail]}
    format: parquet
"""
BATCH = """
batches:
  all:
    sql: "SELECT id, merchant_id FROM fees"
    accounts: three
    fan_out: organization
    by_account: {column: merchant_id}
    cache: {max_age: 1d}
"""
WINDOW = Window(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(LocalStore(tmp_path / "ledger"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_of(tmp_path, EXTRACT + BATCH)


def window_of(config: Config, wanted: Wanted = AS_WRITTEN) -> Expansion:
    return expand_window(config, "fees", WINDOW, wanted=wanted)


def submitter(ledger: Ledger, client: redis.Redis, config: Config) -> Submitter:
    return Submitter(ledger, client, Reconciler(ledger, client, config, LocalStore), now=lambda: NOW)


def submitted(ledger: Ledger, client: redis.Redis, config: Config, expansion: Expansion) -> dict[Api, Batch]:
    accepting = submitter(ledger, client, config)
    return {batch.api: batch for batch in map(accepting.submit, shadow_of(ledger, expansion).new_batches())}


def end(ledger: Ledger, batch: Batch) -> None:
    ledger.record_closing(batch.id, closing(at=NOW, outcome="landed"), after=0)


def test_both_ask_the_same_items_each_by_its_generation(ledger: Ledger, config: Config, valkey: redis.Redis) -> None:
    batches = submitted(ledger, valkey, config, window_of(config))

    asked = [[*ledger.items(batch.id, "acme:test")] for batch in batches.values()]
    assert asked[0] == asked[1] == [*window_of(config).items()]
    assert [batch.api for batch in batches.values()] == [*Api]
    assert {batch.connection for batch in batches.values()} == {"acme"}


def test_nothing_of_them_is_published_checked_told_or_stopped(ledger: Ledger, config: Config) -> None:
    for new in shadow_of(ledger, window_of(config)).new_batches():
        policy = new.terms.policy
        assert policy
        assert (policy.checks, policy.notify, policy.stop_after, policy.canary) == (None, None, None, False)
        assert not policy.quarantined
        assert not policy.counts
        assert (policy.definition, policy.window and policy.window.start) == ("fees", WINDOW.start)
        assert folder_of(new.terms) == f"_shadow/{new.terms.id}/"
        assert new.terms.standing.flow_class is FlowClass.BACKFILL
        assert (new.terms.result_format, new.terms.output) == ("auto", "s3://bucket/stripe")


def test_an_organizations_result_lands_as_it_comes_and_no_run_is_shared(ledger: Ledger, config: Config) -> None:
    for new in shadow_of(ledger, expand_batch(config, "all", now=NOW)).new_batches():
        assert (new.terms.by_account, new.sharing) == (None, None)
        assert new.terms.policy
        assert new.terms.policy.accounts == ()


def test_they_are_no_window_of_the_extract(ledger: Ledger, config: Config, valkey: redis.Redis, tmp_path: Path) -> None:
    for batch in submitted(ledger, valkey, config, window_of(config)).values():
        end(ledger, batch)
        assert parse_batch_id(batch.id) is None

    (window,) = StatusReader(ledger, Marks(LocalStore(tmp_path))).read("fees", [WINDOW]).windows
    assert window.batch is None
    ran = submitter(ledger, valkey, config).submit(replace(window_of(config).new_batch(), budget=None))
    assert ran.id == window_of(config).terms.id, "the window itself runs as if nothing had been"
    next_one = expand_window(config, "fees", Window(WINDOW.end, WINDOW.end + timedelta(days=1)))
    following = submitter(ledger, valkey, config).submit(replace(next_one.new_batch(), budget=None))
    assert [each.id for each in ledger.earlier(following.id)] == [ran.id]


def test_a_window_of_which_nothing_is_left_can_be_compared(ledger: Ledger, config: Config, valkey: redis.Redis) -> None:
    old = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
    ledger.pruned.add("fees", [Span(start=old.start, end=old.end)])
    assert len(submitted(ledger, valkey, config, expand_window(config, "fees", old))) == 2


def test_the_first_takes_the_runs_of_both_or_neither_begins(
    ledger: Ledger, config: Config, valkey: redis.Redis
) -> None:
    submitted(ledger, valkey, config, window_of(config))
    assert taken(ledger.spent, ["fees"], NOW.date()) == 6

    other = expand_window(config, "fees", Window(WINDOW.start - timedelta(days=1), WINDOW.start))
    with pytest.raises(BudgetExceeded, match="this takes 6 runs, 6 of today"):
        submitted(ledger, valkey, config, other)
    assert shadow_of(ledger, other).accepted(ledger) == {}


def test_who_comes_back_meets_the_same_two(ledger: Ledger, config: Config, valkey: redis.Redis) -> None:
    shadow = shadow_of(ledger, window_of(config))
    first, *_ = shadow.new_batches()
    submitter(ledger, valkey, config).submit(first)

    again = shadow_of(ledger, window_of(config))
    assert (again.id, [*again.accepted(ledger)]) == (shadow.id, [Api.REPORTING])
    assert submitted(ledger, valkey, config, window_of(config)).keys() == set(Api)
    assert taken(ledger.spent, ["fees"], NOW.date()) == 6


def test_mended_sql_is_another_comparison(ledger: Ledger, config: Config, tmp_path: Path) -> None:
    before = shadow_of(ledger, window_of(config)).id
    assert shadow_of(ledger, window_of(config)).id == before
    mended = config_of(tmp_path, EXTRACT.replace("SELECT id", "SELECT id, amount"))
    assert shadow_of(ledger, window_of(mended)).id != before
    assert before.startswith("shadow-fees.20261121T0000Z.")


def test_again_is_another_one_once_the_last_has_ended(ledger: Ledger, config: Config, valkey: redis.Redis) -> None:
    assert shadow_of(ledger, window_of(config), again=True).accepted(ledger) == {}
    batches = submitted(ledger, valkey, config, window_of(config))
    with pytest.raises(InputError, match="has not ended: the same command without --again goes on with it"):
        shadow_of(ledger, window_of(config), again=True)

    for batch in batches.values():
        end(ledger, batch)
    first = shadow_of(ledger, window_of(config))
    repeat = shadow_of(ledger, window_of(config), again=True)
    assert repeat.id == f"{first.id}.r2"
    submitter(ledger, valkey, config).submit(replace(next(repeat.new_batches()), budget=None))
    assert shadow_of(ledger, window_of(config)).id == repeat.id, "what was begun last is gone on with"


def test_where_generations_are_counted_apart_each_is_asked_by_its_own_connection(
    ledger: Ledger, config: Config
) -> None:
    acme = replace(config.connection("acme"), apart=True)
    newer = replace(acme, name="newer", api=Api.DATA)

    shadow = shadow_of(ledger, window_of(config, Wanted(connection=acme)), [acme, config.connection("shops"), newer])

    assert [(new.connection.name, new.connection.api) for new in shadow.new_batches()] == [
        ("acme", Api.REPORTING),
        ("newer", Api.DATA),
    ]
    assert shadow.lanes == {"acme:test": 3, "newer:test": 3}


@pytest.mark.parametrize("other", [{"apart": False}, {"api": Api.REPORTING}, {"key": "another"}])
def test_where_nobody_speaks_the_other_one_it_is_refused_in_a_sentence(
    ledger: Ledger, config: Config, other: dict[str, object]
) -> None:
    acme = replace(config.connection("acme"), apart=True)
    newer = replace(acme, name="newer", api=Api.DATA)
    twin = replace(newer, secret=config.connection("shops").secret) if "key" in other else replace(newer, **other)

    with pytest.raises(ConfigError, match=r"asks by api reporting alone.* give the spec a connection of api data with"):
        shadow_of(ledger, window_of(config, Wanted(connection=acme)), [acme, twin])
