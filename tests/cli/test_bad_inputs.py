"""What people type and hand over by mistake: each ends in one clear sentence and the right code, and nothing is begun.

A table, so that the next one is a line. What needs more than files, variables and arguments is in the tests of what it
is about.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe

SPEC = """\
version: 1
connections:
  acme: {mode: test, key: secret://env/STRIPE_API_KEY}
accounts:
  shops: {list: [acct_1, acct_2]}
"""
ONE = {"a.sql": "SELECT 1 AS one"}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One mistake."""

    arguments: tuple[str, ...]
    sentence: str
    code: int = 2
    files: dict[str, str] = field(default_factory=lambda: dict(ONE))
    variables: dict[str, str] = field(default_factory=dict)


def spec(definition: str, *arguments: str, sentence: str, **more: str) -> Typed:
    """Writes a spec with an extract or a batch of one line, and names it."""
    return Typed(
        arguments=arguments or ("validate",),
        sentence=sentence,
        files={**ONE, **more, "forebay.yaml": f"{SPEC}{definition}\n"},
    )


def daily(more: str = "", window: str = "every: 1d, start: 2026-01-01") -> str:
    return f"extracts:\n  daily: {{sql: a.sql, window: {{{window}}}{more}}}"


MISTAKES = {
    "a class that is none": Typed(arguments=("run", "a.sql", "--class", "late"), sentence="'late' is no class"),
    "a part that nobody serves": Typed(arguments=("web", "--only", "webhook"), sentence="'webhook' is no part of it"),
    "an empty key": Typed(
        arguments=("run", "a.sql"),
        files={**ONE, ".env": "STRIPE_API_KEY=rk_live_of_the_folder"},
        variables={"STRIPE_API_KEY": ""},
        code=4,
        sentence="there is no Stripe key",
    ),
    "a setting that is misspelt": Typed(
        arguments=("ls",),
        variables={"FOREBAY_CAPP": "5"},
        sentence="FOREBAY_CAPP is no setting, did you mean FOREBAY_CAP?",
    ),
    "a quote that is never closed": Typed(
        arguments=("ls",), files={".env": 'FOREBAY_CAP="5\n'}, sentence=".env, line 1: this is no NAME=value"
    ),
    "an account that is none": Typed(
        arguments=("run", "a.sql", "--account", "foo"), sentence="an account is written acct_…"
    ),
    "an array of JSON without commas": Typed(
        arguments=("run", "x.json"),
        files={"x.json": '[{"sql": "SELECT 1"}{"sql": "SELECT 2"}]'},
        sentence="line 1 is not JSON: a list goes on with a comma, or ends with ]",
    ),
    "SQL as an argument": Typed(arguments=("run", "SELECT 1 AS a"), sentence="hand it over on standard input"),
    "SQL as an argument of validate": Typed(
        arguments=("validate", f"SELECT 1 AS {'a' * 300}"), sentence="hand it over on standard input"
    ),
    "SQL as an argument of plan": Typed(arguments=("plan", "SELECT 1 AS a"), sentence="hand it over on standard input"),
    "a spec whose name is too long": Typed(
        arguments=("validate",), variables={"FOREBAY_SPEC": "a" * 300}, sentence="which does not exist"
    ),
    "an age before the year one": Typed(arguments=("ls", "--since", "99999mo"), sentence="is neither an age such as"),
    "a past before the year one": Typed(
        arguments=("prune", "--older-than", "99999mo"), sentence="'99999mo' is longer than a hundred years"
    ),
    "a lookback before the year one": spec(
        daily(window="every: 1d, start: 2026-01-01, lookback: 99999mo"), sentence="is longer than a hundred years"
    ),
    "cells that are parted otherwise": Typed(
        arguments=("run", "l.csv"),
        files={"l.csv": "sql;name\nSELECT 1;a\n"},
        sentence="here ';' stands between the cells",
    ),
    "a list that is nested too deeply": Typed(
        arguments=("run", "l.ndjson"), files={"l.ndjson": "[" * 100_000}, sentence="l.ndjson, line 1"
    ),
    "nothing but comments": Typed(arguments=("run", "a.sql"), files={"a.sql": "-- SELECT 1"}, sentence="no statement"),
    "two statements": Typed(arguments=("run", "a.sql"), files={"a.sql": "SELECT 1; SELECT 2"}, sentence="2 statements"),
    "SQL that changes data": Typed(
        arguments=("run", "a.sql"), files={"a.sql": "DROP TABLE x"}, sentence="'DROP' begins"
    ),
    "a NUL": Typed(arguments=("run", "a.sql"), files={"a.sql": "SELECT '\0'"}, sentence="NUL"),
    "a placeholder that nobody fills": Typed(
        arguments=("run", "a.sql"), files={"a.sql": "SELECT {{ x }}"}, sentence="a placeholder stands in line 1"
    ),
    "a name that a terminal would obey": Typed(
        arguments=("run", "l.ndjson"),
        files={"l.ndjson": '{"sql": "SELECT 1", "name": "a\\u001b[31m"}'},
        sentence="the name holds a control character (U+001B)",
    ),
    "half a character in a matrix": spec(
        'batches:\n  b: {sql: "SELECT {{ params.m }}", matrix: {m: ["a\\ud800"]}}',
        "plan",
        "b",
        sentence="half a character",
    ),
    "an account of the spec that is none": Typed(
        arguments=("validate",),
        files={"forebay.yaml": SPEC.replace("acct_2", "bob")},
        sentence="accounts.shops.list.1: 'bob': an account is written acct_…",
    ),
    "late before its delay": spec(
        daily(", schedule: {when: at_end, delay: 6h, late_after: 1h}"), sentence="late_after 1h is over before delay 6h"
    ),
    "columns that the SELECT lacks": spec(
        daily(", checks: {columns: [id]}"), sentence="daily checks for columns id, and this SELECT gives one"
    ),
    "columns that the SELECT lacks, run": spec(
        daily(", checks: {columns: [id]}"),
        "run",
        "daily",
        sentence="daily checks for columns id, and this SELECT gives",
    ),
    "columns that the SELECT lacks, submitted": spec(
        daily(", checks: {columns: [id]}"), "submit", "daily", sentence="FOREBAY_CHECK_SQL=false runs it all the same"
    ),
    "no column to sort a result by": spec(
        "batches:\n  b: {sql: a.sql, fan_out: organization, by_account: {column: merchant_id}}",
        "run",
        "b",
        sentence="b sorts its result by_account, and this SELECT gives no column merchant_id",
    ),
    "a zone's abbreviation": spec(
        daily(window="every: 1d, start: 2026-01-01, timezone: CEST"), sentence="abbreviations are not taken"
    ),
    "two documents": spec("---\nversion: 1", sentence="a second document begins here"),
    "a share of twenty": spec(daily(", budget: {stop_after: 20}"), sentence="is a share of 1: write 20% or 0.2"),
    "a destination that is none": spec(daily(", output: 'ftp://x'"), sentence="the place for results: "),
    "a unit spelt out": spec(
        daily(window="every: 1 day, start: 2026-01-01"),
        sentence="'1 day' is no length of time: write a number and a unit, as in 30m, 3h, 1d",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_with_the_right_code_and_nothing_is_begun(
    mistake: str, folder: Path, stripe: EndlessStripe, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = MISTAKES[mistake]
    for name, text in typed.files.items():
        (folder / name).write_text(text)
    for name, value in typed.variables.items():
        monkeypatch.setenv(name, value)
    before = files(folder)

    told = forebay(*typed.arguments)

    assert typed.sentence in told.err + told.out
    assert told.code == typed.code
    assert "Traceback" not in told.err
    assert "a fault of Forebay" not in told.err
    assert files(folder) == before
    assert stripe.created == []
