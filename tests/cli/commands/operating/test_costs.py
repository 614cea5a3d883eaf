"""`costs` shows what was spent as people ask for it, and what it cost where somebody said what a run costs."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from forebay.scheduler.extracts.ready import QUESTION
from forebay.store.ledger.use_records import Use, UseRecords
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, files
from tests.store.ledger.test_use_records import USE

SPEC = """
version: 1
connections: {acme: {mode: test, key: secret://env/K}}
"""


@pytest.fixture
def spent(folder: Path, today: datetime) -> Path:
    """Six QueryRuns of three days, one of them shared, and a create that nobody knows of."""
    (folder / "forebay.yaml").write_text(SPEC)
    uses = UseRecords(LocalStore(folder / ".forebay" / "ledger"))
    for number, (age, more) in enumerate(
        [
            (0, {}),
            (0, {"account": "acct_2"}),
            (1, {"outcome": "sql", "rows": 0, "bytes": 0, "attempt": 1}),
            (1, {"definition": "payouts", "rows": 2_000_000, "ms": 5_400_000}),
            (1, {"definition": None, "account": None, "outcome": "canceled", "rows": None, "bytes": None}),
            (40, {"definition": QUESTION, "account": None}),
        ]
    ):
        values = {"query_run": f"qryrun_{number}", "run": f"{number}"} | more
        uses.add(replace(USE, day=(today - timedelta(days=age)).date(), **values))
    uses.add(replace(USE, day=today.date(), query_run="qryrun_0", run="b", definition="payouts", shared=True))
    uses.add(replace(USE, day=today.date(), query_run=None, run="c"))
    return folder


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_what_was_spent_is_summed_by_definition_and_its_price_is_unknown(spent: Path, forebay: Forebay) -> None:
    before = files(spent)

    said = forebay("costs")

    assert said.code == 0
    assert lines(said.out) == [
        ["definition", "runs", "failed", "canceled", "repeats", "shared", "rows", "size", "time"],
        ["fees", "3", "1", "0", "1", "0", "24", "6.9", "kB", "4", "s"],
        ["(plain", "queries)", "1", "0", "1", "0", "0", "0", "0", "B", "1", "s"],
        ["payouts", "1", "0", "0", "0", "1", "2,000,000", "3.5", "kB", "1:30:00", "h"],
        ["in", "all", "5", "1", "1", "1", "1", "2,000,024", "10.4", "kB", "1:30:06", "h"],
    ]
    assert "what it cost is unknown: the spec has no prices" in said.err
    assert "1 create may have been carried out, and Stripe never said" in said.err
    assert files(spent) == before


def test_with_a_price_it_is_money_where_what_it_goes_by_is_known(spent: Path, forebay: Forebay) -> None:
    (spent / "forebay.yaml").write_text(
        SPEC + "prices: [{from: 2020-01-01, currency: EUR, per_run: 0.02, per_million_rows: 1.50}]\n"
    )

    said = forebay("costs", "--since", "60d")

    costs = re.findall(r"^(.*?\w\)?) +\d.*? (unknown|(?:≥ )?[\d.]+ EUR)$", said.out, re.M)
    assert {name.rstrip(" 1"): cost for name, cost in costs} == {
        "payouts": "3.02 EUR",
        "fees": "0.06 EUR",
        "(is data ready?)": "0.02 EUR",
        "(plain queries)": "unknown",
        "in all": "≥ 3.10 EUR",
    }
    assert re.search("no price for 1 of [0-9]+ runs: none holds, or what it goes by is not known", said.err)


def test_each_day_and_account_of_a_definition_as_json(spent: Path, forebay: Forebay, today: datetime) -> None:
    said = forebay("costs", "--by", "day", "--by", "account", "--definition", "fees", "--json", "--limit", "2")

    (one, two, result) = said.events
    assert [(each["day"], each["account"], each["runs"], each["cost"]) for each in (one, two)] == [
        (f"{today:%Y-%m-%d}", "acct_1", 1, None),
        (f"{today:%Y-%m-%d}", "acct_2", 1, None),
    ]
    assert (result["runs"], result["failed"], result["unknown"], result["more"], result["exit"]) == (3, 1, 1, True, 0)
    assert (result["since"], result["seconds"]) == (f"{today - timedelta(days=30):%Y-%m-%d}", 4.5)


def test_days_are_bounded_and_half_open(spent: Path, forebay: Forebay, today: datetime) -> None:
    yesterday, until = (f"{today - timedelta(days=days):%Y-%m-%d}" for days in (1, 0))

    assert forebay("costs", "--since", yesterday, "--until", until, "--json").events[-1]["runs"] == 3
    nothing = forebay("costs", "--until", yesterday)
    assert (nothing.out, nothing.code) == ("", 0)
    assert "nothing was spent from" in nothing.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--by", "acount"), "did you mean 'account'?"),
        (("--since", "soon"), "neither an age such as 7d nor a day"),
        (("--until", "2026-13-01"), "neither an age such as 7d nor a day"),
        (("--since", "2026-10-02", "--until", "2026-10-02"), "--since 2026-10-02 is not before --until 2026-10-02"),
        (("--since", "2999-01-01"), "--since 2999-01-01 is not before tomorrow"),
    ],
)
def test_what_cannot_be_meant_is_two(spent: Path, forebay: Forebay, arguments: tuple[str, ...], words: str) -> None:
    said = forebay("costs", *arguments)

    assert said.code == 2
    assert words in " ".join(said.err.replace("│", " ").split())


def test_a_name_of_which_nothing_was_spent_is_told_with_its_near_miss(spent: Path, forebay: Forebay) -> None:
    said = forebay("costs", "--definition", "fee")

    assert (said.code, said.out) == (0, "")
    assert "of definition 'fee' there is nothing, did you mean 'fees'?" in said.err


def test_hostile_names_are_printed_clean(folder: Path, forebay: Forebay, today: datetime) -> None:
    uses = UseRecords(LocalStore(folder / ".forebay" / "ledger"))
    uses.add(Use(**{**_fields(USE), "day": today.date(), "account": "acct_\x1b[31m\n[red]x", "definition": "a\u202eb"}))

    said = forebay("costs", "--by", "account", "--by", "definition")

    assert "acct_\\x1b[31m\\n[red]x" in said.out
    assert "a\\u202eb" in said.out


def _fields(use: Use) -> dict[str, object]:
    return {name: getattr(use, name) for name in Use.__slots__}


def test_sums_of_money_are_exact(spent: Path, forebay: Forebay) -> None:
    (spent / "forebay.yaml").write_text(SPEC + "prices: [{from: 2020-01-01, currency: EUR, per_run: 0.1}]\n")

    result = forebay("costs", "--json").events[-1]

    assert (Decimal(result["cost"]), result["currency"], result["unpriced"]) == (Decimal("0.5"), "EUR", 0)
