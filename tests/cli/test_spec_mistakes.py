"""Slips in a spec that `forebay init` wrote: whichever command meets one names its file, its line and the near miss."""

from pathlib import Path

import pytest

from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe

SPEC = "forebay.yaml"
SQL = "queries/charges_daily.sql"

#: What is wrong: the file, what stands in it, what was typed instead (on its first line), and what is said of it.
MISTAKES = {
    "a misspelt key": (SPEC, "accounts: shops", "acounts: shops", "unknown key 'acounts', did you mean 'accounts'?"),
    "a misspelt section": (SPEC, "batches:", "batchs:", "unknown key 'batchs', did you mean 'batches'?"),
    "text for a number": (SPEC, "cap: 20", "cap: '20'", "sandbox.lane.cap: must be a whole number: take its quotes"),
    "a value for a list": (SPEC, "on: [failed, landed, late]", "on: failed", "notify.on: must be a list, as in [a, b]"),
    "a value for keys": (SPEC, "{cap: 20}", "20", "sandbox.lane: must have keys of its own, as in {key: value}"),
    "a choice that is none": (SPEC, "all_or_nothing", "all-or-nothing", "did you mean 'all_or_nothing'?"),
    "an undefined value": (SQL, "params.currency", "params.x", "there is no value 'params.x'"),
    "a misspelt value": (SQL, "params.currency", "params.curency", "did you mean 'params.currency'?"),
    "a cron line of four": (SPEC, "every: 1d ", "every: 0 6 * * ", "'0 6 * *' is no cron line: it needs five fields"),
    "a cron line of no hour": (SPEC, "every: 1d ", "every: 0 25 * * * ", "'0 25 * * *' is no cron line: bad hour"),
    "an unknown group": (
        SPEC,
        "accounts: shops",
        "accounts: shop",
        "no group of accounts 'shop', did you mean 'shops'?",
    ),
    "a missing file": (
        SPEC,
        SQL,
        "queries/charge_daily.sql",
        f"no file queries/charge_daily.sql, did you mean '{SQL}'?",
    ),
    "a missing ending": (SPEC, SQL, SQL.removesuffix(".sql"), f"did you mean '{SQL}'?"),
    "a missing folder": (SPEC, SQL, "query/*.sql", "no file matches query/*.sql"),
    "a missing list": (
        SPEC,
        "expect_at_least: 3",
        "file: shops.csv",
        "there is no file shops.csv, did you mean 'shop.csv'?",
    ),
    "a missing tie-out": (SPEC, "rows: {max: 100000}", "tie_out: tie.sql", "there is no file tie.sql"),
}


@pytest.mark.parametrize("command", ["validate", "plan", "submit"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_by_every_command_that_meets_it(
    mistake: str, command: str, folder: Path, stripe: EndlessStripe, forebay: Forebay
) -> None:
    name, right, typed, sentence = MISTAKES[mistake]
    forebay("init")
    (folder / "shop.csv").write_text("acct_sandbox0004\n")
    text = (folder / name).read_text()
    assert right in text
    (folder / name).write_text(text.replace(right, typed, 1))
    before = files(folder)

    said = forebay(command, "charges_daily")

    (told,) = [line for line in (said.out + said.err).splitlines() if sentence in line]
    assert f"{name}, line {text[: text.index(right)].count(chr(10)) + 1}: " in told
    assert said.code == 2
    assert files(folder) == before
    assert stripe.created == []


def test_without_a_mistake_nothing_is_told(folder: Path, forebay: Forebay) -> None:
    forebay("init")

    assert [forebay(command, "charges_daily").code for command in ("validate", "plan")] == [0, 0]
