"""`forebay shadow` says first what it spends, asks by both generations, and tells how what landed compares."""

import json
from pathlib import Path

import pytest
import redis

from forebay.config.stripe import Api
from forebay.landing.result_paths import place_stem
from forebay.store.ledger.records import Batch
from forebay.store.local import open_folder
from tests.cli.conftest import Forebay, Said, files
from tests.cli.definitions import close, ledger
from tests.cli.stripe import EndlessStripe
from tests.landing.verifying.trees import land

WINDOW = ("--window", "2026-01-02")
CSV = b"id,amount\nch_secret,1.50\nch_b,2.25\n"


def batches_of(spec: Path, said: Said) -> list[Batch]:
    """Those that were submitted."""
    return [ledger(spec).batch(f"{said.events[0]['shadow']}.{api}") for api in Api]


def land_both(spec: Path, batches: list[Batch], *csvs: bytes) -> None:
    for batch, csv in zip(batches, csvs, strict=True):
        for item in ledger(spec).items(batch.id, batch.flows[0].lane):
            land(open_folder(batch.output), place_stem(batch, item), csv=csv, batch=batch.id, account=item.account)
        close(spec, batch.id)


@pytest.fixture
def begun(spec: Path, deployed: redis.Redis, forebay: Forebay) -> list[Batch]:
    """A comparison of one window that nobody works on."""
    said = forebay("shadow", "daily", *WINDOW, "--yes", "--timeout", "0", "--json")
    assert said.code == 5, said
    return batches_of(spec, said)


def test_it_says_what_it_spends_and_asks_before_anything_is_written(
    spec: Path, deployed: redis.Redis, forebay: Forebay, endless: EndlessStripe
) -> None:
    said = forebay("shadow", "close", *("--param", "currency=eur"))
    assert said.code == 2
    assert said.err.splitlines() == [
        "close, by both generations of the API, to compare what lands",
        "  runs      24 on acme:test: 12 by reporting (2026-04-22.preview), 12 by data (2026-10-28.preview)",
        "            of class backfill: they take slots that nobody else wants",
        "  time      at least 4 s, bound by looks of 10/s",
        "  cost      about 6.00 EUR",
        "  goes to   results/_shadow/, and counts as nothing that ran",
        "usage: Ask 24 runs? Nobody is here to answer",
        "  → the same command with --yes goes on",
    ]
    assert list(ledger(spec).names.folders()) == []
    assert endless.created == []


def test_scripts_are_told_both_batches_and_how_to_come_back(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    said = forebay("shadow", "daily", *WINDOW, "--yes", "--timeout", "0", "--json")
    plan, submitted, *_, result = said.events
    assert (plan["event"], plan["runs"], submitted["event"], result["exit"]) == ("plan", 2, "submitted", 5)
    assert result["next"] == "forebay shadow daily --window 2026-01-02"
    assert [batch.api for batch in batches_of(spec, said)] == [*Api]


def test_where_the_budget_has_no_room_for_both_neither_begins(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    said = forebay("shadow", "capped", "--yes")
    assert said.code == 6
    assert "capped: this takes 6 runs, 0 of today (UTC) are taken, and budget.runs_per_day" in said.err
    assert list(ledger(spec).names.folders()) == []


@pytest.mark.parametrize(
    ("path", "api"), [("/v2/data/reporting/query_runs", "reporting"), ("/v2/data/query_runs", "data")]
)
def test_a_key_that_may_not_ask_by_one_of_the_two_closes_no_lane(
    spec: Path, deployed: redis.Redis, forebay: Forebay, endless: EndlessStripe, path: str, api: str
) -> None:
    endless.not_enabled = path
    try:
        said = forebay("shadow", "daily", *WINDOW, "--yes", "--quiet")
    finally:
        endless.not_enabled = ""
    assert said.code == 4
    assert "its preview was not joined" in said.err
    assert f"by api {api}: " in said.err or api == "reporting"
    assert list(ledger(spec).names.folders()) == []
    assert "preview" in said.err.splitlines()[-1]


def test_all_that_is_equal_ends_with_0_and_a_report(spec: Path, begun: list[Batch], forebay: Forebay) -> None:
    land_both(spec, begun, CSV, CSV)
    said = forebay("shadow", "daily", *WINDOW)
    assert said.code == 0, said
    shadow = begun[0].id.removesuffix(".reporting")
    assert said.out.splitlines() == [
        "The result is the same by both generations, byte for byte: api: data changes nothing here",
        f"  batches  {shadow}.reporting",
        f"           {shadow}.data",
        f"  report   results/_shadow/{shadow}.json",
    ]
    assert "nothing is asked again without --again" in said.err
    report = json.loads((spec / "results" / "_shadow" / f"{shadow}.json").read_text())
    assert (report["definition"], report["verdicts"]) == ("daily", {"equal": 1})
    assert forebay("verify", "results").code == 0


def test_what_differs_is_named_without_a_value(spec: Path, begun: list[Batch], forebay: Forebay) -> None:
    land_both(spec, begun, CSV, CSV.replace(b"1.50", b"1.77"))
    said = forebay("shadow", "daily", *WINDOW)
    assert said.code == 3
    assert said.out.splitlines()[:2] == [
        "different     daily: 2 records: 1 differs, record 1",
        "              amount: 1 value differs (decimal with 2 digits)",
    ]
    assert "0 of 1 result is the same; 1 differs" in said.out
    everything = said.out + said.err + "".join(path.read_text() for path in (spec / "results/_shadow").glob("*.json"))
    assert not [value for value in ("ch_secret", "1.50", "1.77") if value in everything]


def test_scripts_get_an_event_an_item_and_one_result(spec: Path, begun: list[Batch], forebay: Forebay) -> None:
    land_both(spec, begun, CSV, CSV.replace(b"1.50", b"1.5000"))
    compared, result = forebay("shadow", "daily", *WINDOW, "--json").events
    assert (compared["event"], compared["verdict"], compared["name"]) == ("compared", "form", "daily")
    assert compared["rows"]["columns"] == [
        {
            "name": "amount",
            "differ": 1,
            "in_form": 1,
            "forms": [["decimal with 2 digits"], ["decimal with 4 digits"]],
        }
    ]
    assert (result["exit"], result["equal"], result["differences"], result["not_compared"]) == (3, 0, 1, 0)
    assert "ch_secret" not in json.dumps(compared)


def test_who_mended_the_sql_gets_another_comparison(spec: Path, begun: list[Batch], forebay: Forebay) -> None:
    land_both(spec, begun, CSV, CSV)
    written = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(written.replace("SELECT id FROM", "SELECT id, amount FROM"))
    said = forebay("shadow", "daily", *WINDOW)
    assert said.code == 2
    assert "Ask 2 runs?" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("dialy",), "there is no extract or batch 'dialy', did you mean 'daily'?"),
        (("close", "--window", "2026-01-02"), "--window chooses one of an extract's windows, and close is a batch"),
        (("daily", "--window", "tomorrow"), "--window tomorrow: write a date such as 2026-01-31"),
        (("daily", "--connection", "acmee"), "there is no connection 'acmee'"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    spec: Path, deployed: redis.Redis, forebay: Forebay, arguments: tuple[str, ...], sentence: str
) -> None:
    before = files(spec)
    said = forebay("shadow", *arguments, "--yes")
    assert said.code == 2
    assert sentence in said.err
    assert files(spec) == before
