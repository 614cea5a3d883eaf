"""What a QueryRun costs is exact, goes by the rule of its day, and is unknown where nobody knows."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from forebay.config.document.load_spec import load_spec
from forebay.config.errors import SpecError
from forebay.scheduler.costs.prices import Prices, Quantities
from tests.store.ledger.test_use_records import USE

HEAD = "version: 1\nconnections: {acme: {mode: test, key: secret://env/K}, other: {mode: test, key: secret://env/L}}\n"
DAY = USE.day


def prices(folder: Path, rules: str) -> Prices:
    (folder / "forebay.yaml").write_text(f"{HEAD}prices: {rules}\n")
    return Prices.of(load_spec(folder / "forebay.yaml").spec)


def test_without_a_rule_nobody_knows(tmp_path: Path) -> None:
    assert (Prices().of_use(USE), Prices().currency) == (None, None)
    assert prices(tmp_path, "[{from: 2026-11-29, currency: EUR, per_run: 1}]").of_use(USE) is None, "a day early"


def test_units_are_summed_up_without_a_binary_fraction(tmp_path: Path) -> None:
    rules = "[{from: 2026-11-28, currency: EUR, per_run: 0.1, per_second: 0.2, per_row: 1e-7, per_million_rows: 3, "
    found = prices(tmp_path, f"{rules}per_byte: '0.0000000001', per_gb: 5}}]")

    # 0.1 + 1.5 s × 0.2 + 12 rows × (0.0000001 + 0.000003) + 3,456 bytes × (0.0000000001 + 0.000000005)
    assert found.of_use(USE) == Decimal("0.4000548256")
    assert sum((found.of_use(replace(USE, ms=0, rows=0, bytes=0)) or 0 for _ in range(10)), Decimal()) == 1


def test_what_the_rule_goes_by_and_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    found = prices(tmp_path, "[{from: 2026-11-28, currency: EUR, per_run: 0.1, per_row: 1}]")

    assert found.of_use(replace(USE, rows=None)) is None
    assert found.of_use(replace(USE, bytes=None, ms=None)) == Decimal("12.1")
    assert found.of_quantities("acme", DAY, Quantities(runs=3)) is None
    assert found.of_quantities("acme", DAY, Quantities(runs=3, rows=2)) == Decimal("2.3")


def test_the_last_rule_before_the_day_holds_and_of_one_day_that_of_the_connection(tmp_path: Path) -> None:
    found = prices(
        tmp_path,
        "[{from: 2026-12-01, currency: EUR, connections: [other], per_run: 3}, "
        "{from: 2026-12-01, currency: EUR, per_run: 2}, {from: 2026-11-01, currency: EUR, per_run: 1}]",
    )

    def of(day: date, connection: str = "acme") -> Decimal | None:
        return found.of_use(replace(USE, day=day, connection=connection))

    december = date(2026, 12, 1)
    assert [of(day) for day in (date(2026, 10, 31), DAY, december - timedelta(days=1), december)] == [None, 1, 1, 2]
    assert [of(DAY, "other"), of(december, "other")] == [1, 3]


def test_what_failed_costs_nothing_where_the_rule_says_so(tmp_path: Path) -> None:
    found = prices(tmp_path, "[{from: 2026-11-28, currency: EUR, per_run: 1, failed: false}]")

    outcomes = ("landed", "canceled", "transfer", "sink", "sql", "too_big", "a word of a newer release")
    assert [found.of_use(replace(USE, outcome=outcome)) for outcome in outcomes] == [1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("[{from: 2027-02-01, currency: USD}]", "says no price"),
        ("[{from: 2027-02-01, currency: usd, per_run: 1}]", "three capital letters"),
        ("[{from: soon, currency: USD, per_run: 1}]", "must be a date such as 2027-02-01"),
        ("[{from: 2027-02-30, currency: USD, per_run: 1}]", "is no date"),
        ("[{from: 2027-02-01, currency: USD, per_run: -1}]", "not negative"),
        ("[{from: 2027-02-01, currency: USD, per_run: .nan}]", "not negative"),
        ("[{from: 2027-02-01, currency: USD, per_run: true}]", "must be a number"),
        ("[{from: 2027-02-01, currency: USD, per_rum: 1}]", "did you mean 'per_run'?"),
        ("[{from: 2027-02-01, currency: USD, connections: [acem], per_run: 1}]", "did you mean 'acme'?"),
        (
            "[{from: 2027-02-01, currency: USD, per_run: 1}, {from: 2027-02-02, currency: EUR, per_run: 1}]",
            "is in EUR, and the first one in USD",
        ),
        (
            "[{from: 2027-02-01, currency: USD, per_run: 1}, {from: 2027-02-01, currency: USD, per_row: 1}]",
            "another price",
        ),
        ("[]\ndefaults: {price_per_run: 0.02}", "price_per_run is a rule of the section 'prices' now"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_a_sentence(tmp_path: Path, rules: str, words: str) -> None:
    with pytest.raises(SpecError) as error:
        prices(tmp_path, rules)

    assert words in str(error.value)
