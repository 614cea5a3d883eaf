"""What definitions come to: items, lanes, ids, policies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forebay.config.errors import ConfigError, SpecError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.standing import FlowClass, StandingChange
from forebay.scheduler.batches.history import PastBatches, PastRun
from forebay.scheduler.batches.sharing import Sharing
from forebay.scheduler.definitions.expand import Wanted, calendar_of, expand_batch, expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.batch_policy import Checks, Notify, Policy, Span, Splitting
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.records import Item
from tests.scheduler.spec import config_of
from tests.store.ledger.test_use_records import USE

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)


def batch(folder: Path, definition: str, **wanted: Any) -> Expansion:
    config = config_of(folder, f"batches:\n  close: {definition}\n")
    return expand_batch(config, "close", now=NOW, wanted=Wanted(**wanted))


def extract(folder: Path, definition: str, day: datetime, **wanted: Any) -> Expansion:
    config = config_of(folder, f"extracts:\n  fees: {definition}\n")
    assert config.written
    window = calendar_of(config.written, "fees").containing(day)
    assert window
    return expand_window(config, "fees", window, **wanted)


def names(expansion: Expansion) -> list[str]:
    return [item.name for item in expansion.items()]


def test_one_query_without_accounts_is_one_item_of_the_connection_itself(tmp_path: Path) -> None:
    expansion = batch(tmp_path, "{sql: SELECT 1}")

    assert list(expansion.items()) == [Item(name="close", sql="SELECT 1", account=None)]
    assert (expansion.size, expansion.lanes, expansion.terms.output) == (1, {"acme:test": 1}, "s3://bucket/stripe")
    assert expansion.terms.id.startswith("close-20261122-070000-")
    assert (expansion.policy.definition, expansion.policy.kind, expansion.policy.accounts) == ("close", "batch", ())
    assert not expansion.policy.canary


def test_a_format_with_types_has_its_columns_checked_and_what_the_spec_says_of_them(tmp_path: Path) -> None:
    typed = "{sql: SELECT 1 AS n, format: parquet, columns: {n: 'DECIMAL(9, 2)'}, nulls: unquoted}"
    expansion = batch(tmp_path, typed)

    assert (expansion.terms.column_types, expansion.terms.nulls) == ({"n": "decimal(9,2)"}, "unquoted")
    assert expansion.policy.checks == Checks(types=True)
    assert expansion.policy.quarantined
    assert batch(tmp_path, typed, result_format="csv").policy.checks is None
    checked = "{sql: SELECT 1, format: parquet, checks: {rows: {min: 1}}}"
    assert batch(tmp_path, checked).policy.checks == Checks(rows_min=1, types=True)


def test_one_result_over_the_organization_is_sorted_by_account_and_checked_for_that(tmp_path: Path) -> None:
    spec = (
        "{sql: 'SELECT who, n FROM t', accounts: three, fan_out: organization, by_account: {column: who, keep: true}}"
    )
    expansion = batch(tmp_path, spec)

    accounts = ("acct_1", "acct_2", "acct_3")
    assert expansion.terms.by_account == ByAccount(column="who", keep=True, expected=accounts)
    assert [item.account for item in expansion.items()] == [None]
    assert (expansion.policy.accounts, expansion.policy.checks) == (accounts, Checks(accounts=True))
    assert expansion.policy.quarantined
    assert not expansion.policy.canary, "there is one run"
    assert batch(tmp_path, spec.replace("accounts: three, ", "")).terms.by_account == ByAccount(column="who", keep=True)


def test_each_query_asks_each_account_and_the_first_goes_ahead_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.sql").write_text(f"SELECT '{name}'")

    expansion = batch(tmp_path, "{sql: '*.sql', accounts: three}")

    assert [(item.name, item.account) for item in expansion.items()] == [
        (name, account) for name in ("a", "b") for account in ("acct_1", "acct_2", "acct_3")
    ]
    assert expansion.policy.accounts == ("acct_1", "acct_2", "acct_3")
    assert expansion.policy.canary
    assert expansion.policy.fan_out == "per_account"


def test_a_key_for_each_account_makes_a_lane_of_each(tmp_path: Path) -> None:
    expansion = batch(tmp_path, "{sql: [SELECT 1, SELECT 2], accounts: three, connection: shops}")

    assert expansion.lanes == {f"shops:test:acct_{number}": 2 for number in (1, 2, 3)}
    assert expansion.fan_out.why == "each account has a key of its own"


def test_each_combination_of_the_matrix_is_an_item_with_its_values_in_its_name(tmp_path: Path) -> None:
    expansion = batch(
        tmp_path,
        "{sql: 'SELECT {{ params.month }}, {{ params.paid }}, {{ params.least }}', params: {least: 5}, "
        "matrix: {month: ['2026-09', '2026-10'], paid: [true, false]}}",
    )

    assert [(item.name, item.sql) for item in expansion.items()] == [
        ("close.month-2026-09.paid-true", "SELECT '2026-09', TRUE, 5"),
        ("close.month-2026-09.paid-false", "SELECT '2026-09', FALSE, 5"),
        ("close.month-2026-10.paid-true", "SELECT '2026-10', TRUE, 5"),
        ("close.month-2026-10.paid-false", "SELECT '2026-10', FALSE, 5"),
    ]
    assert expansion.size == 4


def test_sql_that_names_the_account_is_rendered_for_each(tmp_path: Path) -> None:
    expansion = batch(tmp_path, "{sql: 'SELECT {{ account }}', accounts: three}")

    assert [item.sql for item in expansion.items()] == ["SELECT 'acct_1'", "SELECT 'acct_2'", "SELECT 'acct_3'"]


def test_a_tie_out_follows_each_item_with_the_same_values(tmp_path: Path) -> None:
    expansion = batch(
        tmp_path,
        "{sql: 'SELECT {{ params.m }}', accounts: two, matrix: {m: [1]}, "
        "checks: {tie_out: 'SELECT {{ params.m }} AS records'}}",
    )

    name = "close.m-1"
    assert list(expansion.items()) == [
        Item(name=name, sql="SELECT 1", account="acct_1"),
        Item(name=f"{name}.tie_out", sql="SELECT 1 AS records", account="acct_1", ties=name),
        Item(name=name, sql="SELECT 1", account="acct_3"),
        Item(name=f"{name}.tie_out", sql="SELECT 1 AS records", account="acct_3", ties=name),
    ]
    assert expansion.size == 4
    assert expansion.policy.checks == Checks(tie_out=True)


def test_a_window_has_an_id_of_its_own_and_its_bounds_are_values(tmp_path: Path) -> None:
    expansion = extract(
        tmp_path,
        "{sql: 'SELECT {{ window.start }}, {{ window.end }}, {{ window.end | date }}', "
        "window: {every: 1d, timezone: Europe/Berlin, start: 2026-01-01, lookback: 3d}}",
        datetime(2026, 10, 1, 12, tzinfo=UTC),
    )

    (item,) = expansion.items()
    assert item.sql == "SELECT TIMESTAMP '2026-09-27 22:00:00', TIMESTAMP '2026-10-01 22:00:00', DATE '2026-10-02'"
    assert expansion.terms.id == "fees.20260930T2200Z-20261001T2200Z"
    assert expansion.terms.source == "extract fees, window 2026-10-01"
    start = datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert expansion.policy.window == Span(start=start, end=start + timedelta(days=1))


def test_a_repeat_is_another_batch_and_a_backfill_another_class(tmp_path: Path) -> None:
    definition = "{sql: SELECT 1, class: interactive, window: {every: 1d, start: 2026-01-01}}"
    day = datetime(2026, 10, 1, tzinfo=UTC)

    assert extract(tmp_path, definition, day, again=1).terms.id == "fees.20261001T0000Z-20261002T0000Z.r2"
    assert extract(tmp_path, definition, day).terms.standing.flow_class is FlowClass.INTERACTIVE
    backfill = extract(tmp_path, definition, day, wanted=Wanted(standing=StandingChange(flow_class=FlowClass.BACKFILL)))
    assert backfill.terms.standing.flow_class is FlowClass.BACKFILL


def test_the_policy_holds_all_that_the_spec_asks(tmp_path: Path) -> None:
    expansion = extract(
        tmp_path,
        """
    sql: SELECT a FROM t WHERE created >= {{ window.start }} AND created < {{ window.end }} AND c = {{ params.c }}
    params: {c: eur}
    accounts: three
    canary: false
    publish: all_or_nothing
    window: {every: 1mo, start: 2026-01-01, lookback: 1d}
    split: {on: created, min: 1h, max_parts: 12}
    budget: {runs_per_day: 100, stop_after: 10%}
    cache: {max_age: 7d, until_data_moves: true}
    checks: {columns: contract, rows: {min: 1, max: 9, max_change: 60%}}
    notify: {command: [mail, x], on: [landed]}
    weight: 3
    ceiling: 4""",
        datetime(2026, 10, 5, tzinfo=UTC),
    )

    policy = expansion.policy
    assert (policy.canary, policy.publish, policy.stop_after) == (False, "all_or_nothing", 0.1)
    assert policy.checks == Checks(columns="contract", rows_min=1, rows_max=9, rows_max_change=0.6)
    assert policy.notify == Notify(command=("mail", "x"), on=("landed",))
    assert policy.split == Splitting(
        on="created",
        min="1h",
        max_parts=12,
        timezone="UTC",
        start=datetime(2026, 9, 30, tzinfo=UTC),
        end=datetime(2026, 11, 1, tzinfo=UTC),
        texts={"fees": expansion.queries[0].source.text},
        values={"fees": {"c": "eur"}},
    )
    assert (expansion.terms.standing.weight, expansion.terms.standing.ceiling) == (3, 4)
    assert expansion.sharing == Sharing(max_age=timedelta(days=7), until_data_moves=True, accounts=expansion.accounts)
    assert expansion.bound and expansion.bound.runs == 100
    assert len(policy.spec_sha256) == 64


def test_money_bounds_each_day_by_the_price_of_that_day_whatever_the_first_one_left(tmp_path: Path) -> None:
    prices = [("2026-11-01", "0.5"), ("2026-12-01", "2")]
    rules = [f"{{from: {since}, currency: EUR, per_run: {per_run}}}" for since, per_run in prices]
    text = f"prices: [{', '.join(rules)}]\nbatches:\n  close: {{sql: SELECT 1, budget: {{cost_per_day: 10}}}}\n"
    spent = [replace(USE, query_run="qryrun_1", day=NOW.date())]
    wanted = Wanted(uses=lambda *_: spent, taken=lambda *_: 4, now=lambda: NOW)

    policy = expand_batch(config_of(tmp_path, text), "close", now=NOW, wanted=wanted).policy

    days = [NOW.date(), date(2026, 11, 23), date(2026, 12, 1), date(2027, 1, 1)]
    assert [policy.runs_on(day) for day in days] == [20, 20, 5, 5]
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_who_is_told_is_in_the_defaults_where_the_definition_does_not_say(tmp_path: Path) -> None:
    config = config_of(tmp_path, "batches:\n  b: {sql: SELECT 1}\n")
    text = (tmp_path / "forebay.yaml").read_text()
    (tmp_path / "forebay.yaml").write_text(text.replace("defaults: {", "defaults: {notify: {command: [mail]}, "))
    with_defaults = load_config(Settings(_env_file=None, spec=tmp_path / "forebay.yaml"))

    assert expand_batch(config, "b", now=NOW).policy.notify is None
    assert expand_batch(with_defaults, "b", now=NOW).policy.notify == Notify(command=("mail",))


def test_the_command_line_changes_values_and_nothing_else(tmp_path: Path) -> None:
    definition = (
        "{sql: 'SELECT {{ params.currency }}, {{ params.n }}, {{ params.m }} WHERE x IN ({{ params.l }})', "
        "params: {currency: usd, n: 1, l: [a, b]}, matrix: {m: [x, y]}}"
    )

    expansion = batch(tmp_path, definition, params={"currency": "eur", "n": "7", "m": "z", "l": "c, d"}, output="here")

    assert [(item.name, item.sql) for item in expansion.items()] == [
        ("close.m-z", "SELECT 'eur', 7, 'z' WHERE x IN ('c', 'd')")
    ]
    assert expansion.terms.output == str(Path("here").absolute())


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"curency": "eur"}, "batches.close has no parameter 'curency', did you mean 'currency'"),
        ({"n": "many"}, "--param n=many: the spec has a whole number there"),
        ({"paid": "yes"}, "--param paid=yes: the spec has true or false there"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(tmp_path: Path, params: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        batch(tmp_path, "{sql: SELECT 1, params: {currency: usd, n: 1, paid: true}}", params=params)


def test_a_batch_of_the_spec_may_have_a_window(tmp_path: Path) -> None:
    expansion = batch(
        tmp_path,
        "{sql: 'SELECT {{ window.start }}', window: {start: 2026-03-01, end: 2026-04-01, timezone: America/New_York}}",
    )

    assert [item.sql for item in expansion.items()] == ["SELECT TIMESTAMP '2026-03-01 05:00:00'"]
    start, end = datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 4, 1, 4, tzinfo=UTC)
    assert expansion.policy.window == Span(start=start, end=end)


def test_auto_goes_to_the_organization_when_the_past_says_that_it_fits(tmp_path: Path) -> None:
    asked = []

    def past(definition: str) -> PastBatches:
        asked.append(definition)
        return PastBatches(batches=3, bytes=10_000, seconds=30, run_s=1)

    expansion = batch(tmp_path, "{sql: SELECT 1, accounts: three}", past=past)

    assert [item.account for item in expansion.items()] == [None]
    assert (expansion.policy.fan_out, expansion.policy.accounts, expansion.policy.canary) == ("organization", (), False)
    assert "fits well" in expansion.fan_out.why
    for part in ("two", "some"):
        assert batch(tmp_path, f"{{sql: SELECT 1, accounts: {part}}}", past=past).fan_out.kind == "per_account"
    assert batch(tmp_path, "{sql: SELECT 1, accounts: three, fan_out: per_account}", past=past).size == 3
    assert asked == ["close"]
    limited = batch(
        tmp_path,
        "{sql: ['SELECT a FROM t', 'SELECT {{ params.n }} FROM t LIMIT 5'], params: {n: 1}, accounts: three}",
        past=past,
    )
    assert (limited.fan_out.kind, limited.size) == ("per_account", 6)
    assert "chooses among rows" in limited.fan_out.why


def test_a_run_whose_last_windows_came_near_to_a_wall_says_into_how_many_parts_it_is_cut(tmp_path: Path) -> None:
    day = datetime(2026, 3, 10, tzinfo=UTC)
    yesterday = Span(start=day - timedelta(days=1), end=day)
    past = {
        ("acct_1", "fees"): [PastRun(window=yesterday, bytes=9_000_000_000, seconds=60)],
        ("acct_2", "fees"): [PastRun(window=yesterday, bytes=1_000, seconds=60)],
    }
    sql = "SELECT id FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}"
    definition = f"{{sql: '{sql}', accounts: three, window: {{every: 1d, start: 2026-01-01}}, SPLIT}}"
    split = definition.replace("SPLIT", "split: {on: created, min: 1h}")

    expansion = extract(tmp_path, split, day, wanted=Wanted(runs=lambda name: past if name == "fees" else {}))

    assert [(item.account, item.parts) for item in expansion.items()] == [
        ("acct_1", 4),
        ("acct_2", None),
        ("acct_3", None),
    ]
    assert expansion.cut() == [4]
    assert extract(tmp_path, split, day).cut() == []
    whole = extract(tmp_path, definition.replace(", SPLIT", ""), day, wanted=Wanted(runs=lambda _: past))
    assert whole.cut() == []


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    config = config_of(tmp_path, "batches:\n  close: {sql: SELECT 1, accounts: three}\n")
    window = Window(NOW, NOW + timedelta(days=1))

    with pytest.raises(ConfigError, match="no batch 'clos', did you mean 'close'"):
        expand_batch(config, "clos", now=NOW)
    with pytest.raises(ConfigError, match="no extract 'fees'"):
        expand_window(config, "fees", window)
    with pytest.raises(SpecError, match="there is no group of accounts 'gone'"):
        batch(tmp_path, "{sql: SELECT 1, accounts: gone}")
