from __future__ import annotations

from pathlib import Path

import pytest

from forebay.config.document.definition_sections import RowsSpec
from forebay.config.document.definitions import ExtractSpec
from forebay.config.document.load_spec import load_spec
from forebay.config.document.spec import Spec
from forebay.config.document.values import CatchUp
from forebay.config.errors import SpecError

GOOD = """\
version: 1
connections:
  acme: {mode: live, key: secret://env/ACME_KEY}
  each: {mode: live, key: "secret://env/KEY_{account}"}
accounts:
  shops:
    list: [acct_A, acct_B/acct_C]
    file: shops.csv
    tags: [eu]
    exclude: [acct_T]
    expect_at_least: 2
  two:
    list: [acct_A, acct_B]
    exclude: [acct_B]
defaults:
  connection: acme
  notify: {webhook: secret://env/SLACK_URL}
extracts:
  fees_daily:
    sql: queries/fees_daily.sql
    params: {currency: usd, countries: [de, fr], floor: 1.5, all: true}
    accounts: shops
    window:
      every: 1d
      timezone: Europe/Berlin
      start: 2026-01-01
      lookback: 3d
    schedule:
      when: 0 6 * * *
      late_after: 3h
      catch_up: last 9
      overlap: skip
    split: {on: created, min: 1h, max_parts: 12}
    cache: {max_age: 7d}
    budget: {runs_per_day: 2000, stop_after: 10%}
    publish: all_or_nothing
    checks:
      columns: contract
      rows: {min: 1, max: 9, max_change: 60%}
      tie_out: queries/totals.sql
batches:
  month_end:
    sql: [queries/a.sql, queries/b*.sql]
    matrix: {month: ["2026-09", "2026-10"]}
    window: {start: 2026-09-01, end: 2026-10-01T06:00}
    split: {on: created, min: 1d}
    notify:
      command: [mail, me]
      on: [landed]
"""


def write(text: str) -> Path:
    path = Path("forebay.yaml")
    path.write_text(text, "utf-8")
    return path


def read(text: str = GOOD) -> Spec:
    return load_spec(write(text)).spec


def refused(old: str, new: str) -> SpecError:
    assert GOOD.count(old) == 1, old
    with pytest.raises(SpecError) as raised:
        load_spec(write(GOOD.replace(old, new)))
    return raised.value


def line_of(text: str, spec: str = GOOD) -> int:
    return next(number for number, line in enumerate(spec.splitlines(), start=1) if text in line)


def test_a_whole_spec_is_read() -> None:
    spec = read()

    fees, month_end = spec.extracts["fees_daily"], spec.batches["month_end"]
    assert str(fees.window.lookback) == "3d"
    assert fees.window.start.isoformat() == "2026-01-01T00:00:00"
    assert fees.schedule.catch_up == CatchUp(9)
    assert fees.budget.stop_after == 0.1
    assert fees.params == {"currency": "usd", "countries": ["de", "fr"], "floor": 1.5, "all": True}
    assert fees.cache is not None and str(fees.cache.max_age) == "7d"
    assert month_end.window is not None and month_end.window.end.hour == 6
    assert spec.accounts["shops"].accounts == ["acct_A", "acct_B/acct_C"]


def test_what_is_not_said_has_its_default() -> None:
    extract = ExtractSpec.model_validate({"sql": "SELECT 1", "window": {"every": "1d", "start": "2026-01-01"}})

    assert extract.window.timezone == "UTC"
    assert (extract.schedule.when, extract.schedule.catch_up, extract.schedule.overlap) == (
        "data_ready",
        CatchUp(7),
        "queue",
    )


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("accounts: shops", "accounts: shosp", None, "there is no group of accounts 'shosp', did you mean 'shops'?"),
        ("accounts: shops", "accounts: [acct_A]", None, "fees_daily.accounts: must be the name of one group"),
        ("accounts: shops", "connection: acne", None, "there is no connection 'acne', did you mean 'acme'?"),
        ("accounts: shops", "connection: zz", None, "no connection 'zz' (known here: acme, each)"),
        ("accounts: shops", "connection: each", "fees_daily:", "'each' has a key for each account, so 'accounts' must"),
        ("  connection: acme\n", "", "fees_daily:", "name a 'connection' here or in 'defaults': acme, each"),
        ("month_end:", "fees_daily:", None, "the name 'fees_daily' is taken by an extract"),
        ("  month_end:", "  month end:", None, "batches.month end: a name is made of letters"),
        ("matrix: {month", "params: {month: x}\n    matrix: {month", "matrix:", "the name 'month' stands in 'params'"),
        ("KEY_{account}", "KEY_{acount}", None, "braces may only hold the word account"),
        ("KEY_{account}", "KEY_{account", None, "braces may only hold the word account"),
        ("secret://env/SLACK_URL", "https://hooks.example/T0K3N", None, "must be a reference: secret://env/NAME"),
        ("secret://env/SLACK_URL", "'secret://env/{account}'", None, "there is one for all accounts"),
        ("[acct_A, acct_B]", "[acct_A, acct B]", None, "'acct B': an account is written acct_"),
        ("[acct_A, acct_B]", "[acct_A]", "exclude: [acct_B]", "'acct_B' is not in 'list', did you mean 'acct_A'?"),
        ("list: [acct_A, acct_B]", "tags: [eu]", "  two:", "no account is left of it, for it has neither"),
        ("    exclude: [acct_B]", "    tags: [eu]", "  two:", "tags choose from a file, and none is named"),
        ("every: 1d", "every: 1day", None, "'1day' is no length of time"),
        ("every: 1d", "every: 1day", None, "or a cron line, as in"),
        ("every: 1d", "every: 0 6 * *", None, "'0 6 * *' is no cron line: it needs five fields"),
        ("every: 1d", "every: 30 0 6 * * *", None, "it needs five fields"),
        ("every: 1d", "every: 0 25 * * *", None, "is no cron line: bad hour"),
        ("every: 1d", "every: 0 0 30 2 *", None, "bad day-of-month"),
        ("start: 2026-01-01", "start: 0001-01-01", None, "lies outside of the years 1970 to 2999"),
        ("every: 1d", "every: 1h", "fees_daily:", "split.min 1h is not shorter than the window"),
        (
            "publish: all",
            "by_account: {column: who}\n    publish: all",
            "fees_daily:",
            "it goes with fan_out: organization",
        ),
        (
            "publish: all",
            "by_account: {column: who}\n    fan_out: organization\n    publish: all",
            "fees_daily:",
            "by_account and split do not go together: what is cut lands as parts of one result, which are not sorted "
            "by account; leave split out, or ask each account by itself (fan_out: per_account)",
        ),
        ("cache: {max_age: 7d}", "by_account: {}", None, "fees_daily.by_account.column"),
        (
            "    split: {on: created, min: 1h, max_parts: 12}\n",
            "    fan_out: organization\n    by_account: {column: who}\n    columns: {Who: text}\n",
            "fees_daily:",
            "the objects have no column 'who', since by_account takes it out",
        ),
        ("when: 0 6 * * *", "when: data_redy", None, "'data_redy' is no moment: write data_ready, at_end, manual, or"),
        ("when: 0 6 * * *", "when: 0 6 * * 8", None, "bad day-of-week"),
        ("late_after: 3h", "delay: 3h", "schedule:", "'delay' goes with when: data_ready or at_end"),
        ("late_after: 3h", "late_after: 3", None, "must be a length of time: a number and a unit"),
        (
            "when: 0 6 * * *\n      late_after: 3h",
            "when: at_end\n      delay: 6h\n      late_after: 3h",
            "schedule:",
            "late_after 3h is over before delay 6h",
        ),
        ("stop_after: 10%", "stop_after: 20", None, "is a share of 1: write 20% or 0.2"),
        ("Europe/Berlin", "CEST", None, "there is no time zone 'CEST'; abbreviations are not taken"),
        ("catch_up: last 9", "catch_up: last", None, "'last' is no rule for catching up: write none, all, or how many"),
        ("catch_up: last 9", "catch_up: 9", None, "schedule.catch_up: must be none, all, or how many"),
        ("lookback: 3d", "lookback: -3d", None, "'-3d' is no length of time"),
        (
            "Europe/Berlin",
            "Europe/Berlim",
            None,
            "there is no time zone 'Europe/Berlim', did you mean 'Europe/Berlin'?",
        ),
        ("Europe/Berlin", "berlin", None, "there is no time zone 'berlin'"),
        ("Europe/Berlin", "../etc/passwd", None, "there is no time zone"),
        ("start: 2026-01-01", "start: 2026-02-30", None, "'2026-02-30' is no date: day is out of range"),
        ("start: 2026-01-01", "start: 2026-01-01T00:00:00Z", None, "the time zone stands in 'timezone'"),
        ("start: 2026-01-01", "start: 2026", None, "must be a date such as 2026-01-31"),
        ("end: 2026-10-01T06:00", "end: 2026-09-01", "window: {start: 2026-09", "is not after its start"),
        ("    window: {start: 2026-09-01, end: 2026-10-01T06:00}\n", "", "month_end:", "'split' cuts a window"),
        ("min: 1d}", "min: 2mo}", "month_end:", "split.min 2mo is not shorter than the window"),
        ("max_age: 7d", "max_age: 8d", None, "must be at most 7d"),
        ("max_age: 7d", "max_age: 169h", None, "must be at most 7d"),
        ("max_change: 60%", "max_change: 160%", None, "less than or equal to 1"),
        ("max_change: 60%", "max_change: lots", None, "must be a share, as in 10% or 0.1"),
        ("{min: 1, max: 9,", "{min: 10, max: 9,", "rows:", "min 10 is above max 9"),
        ("sql: queries/fees_daily.sql", 'sql: " "', None, "must be a file, a glob or SQL, or a list of these"),
        ("sql: queries/fees_daily.sql", "sql: []", None, "must be a file, a glob or SQL, or a list of these"),
        ("sql: [queries/a.sql, queries/b*.sql]", 'sql: [a.sql, ""]', None, "must be a file, a glob or SQL"),
        ("floor: 1.5", "floor: {a: 1}", None, "must be text, a number, true or false, or a list of these"),
        ("countries: [de, fr]", "countries: []", None, "a list of these that is not empty"),
        ('month: ["2026-09", "2026-10"]', "month: []", None, "at least 1 item"),
        ("      command: [mail, me]\n", "", "    notify:", "nobody is told: it needs 'webhook' or 'command'"),
        ("on: [landed]", "on: [landet]", None, "'failed', 'landed' or 'late'"),
        ("      command: [mail", "      comand: [mail", None, "unknown key 'comand', did you mean 'command'?"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, at: str | None, said: str) -> None:
    raised = refused(old, new)

    assert [problem for problem in raised.problems if said in problem.text], str(raised)
    line = next(problem.line for problem in raised.problems if said in problem.text)
    assert line == (line_of(at, GOOD.replace(old, new)) if at else line_of(old))


def test_a_mistake_in_a_value_of_many_forms_is_told_once() -> None:
    raised = refused("countries: [de, fr]", "countries: {de: fr}")

    assert len(raised.problems) == 1


def test_bounds_that_are_equal_ask_for_an_exact_count() -> None:
    rows = RowsSpec(min=9, max=9)

    assert (rows.min, rows.max) == (9, 9)


def test_mistakes_between_parts_are_told_all_at_once() -> None:
    text = GOOD.replace("connection: acme", "connection: acne").replace("accounts: shops", "accounts: shop")

    with pytest.raises(SpecError) as raised:
        read(text)

    assert [problem.line for problem in raised.value.problems] == sorted(
        (line_of("  connection: acme"), line_of("accounts: shops"))
    )


def test_a_key_for_each_account_has_no_whole_organization() -> None:
    raised = refused("accounts: shops", "accounts: shops\n    fan_out: organization\n    connection: each")

    assert "and none for the whole organization" in str(raised)


def test_a_webhook_in_the_open_is_not_repeated() -> None:
    assert "T0K3N" not in str(refused("secret://env/SLACK_URL", "https://hooks.example/T0K3N"))


@pytest.mark.parametrize(
    ("checks", "said"),
    [("{columns: contract}", "'contract' compares"), ("{rows: {max_change: 10%}}", "max_change compares")],
)
def test_a_batch_has_no_last_window_to_compare_with(checks: str, said: str) -> None:
    raised = refused("    matrix:", f"    checks: {checks}\n    matrix:")

    assert said in str(raised)
