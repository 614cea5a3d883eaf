"""`forebay compile`: the SQL of definitions, as Stripe would get it."""

from pathlib import Path

from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe


def test_compile_writes_each_text_once_and_asks_nobody(spec: Path, stripe: EndlessStripe, forebay: Forebay) -> None:
    (spec / "queries" / "own.sql").write_bytes(b"SELECT {{ account }},\r\n{{ params.month }}\tFROM fees")
    before = files(spec)

    said = forebay("compile", "close")

    assert said.code == 0
    assert said.out.startswith("-- close: fees.month-2026-09, for 3 accounts\nSELECT '2026-09', 'usd' FROM fees\n\n-- ")
    assert "-- close: own.month-2026-10, for acct_2\nSELECT 'acct_2',\r\n'2026-10'\tFROM fees\n" in said.out
    assert said.out.count("SELECT") == 10
    assert files(spec) == before
    (*texts, result) = forebay("compile", "close", "--json").events
    assert (texts[0]["accounts"], result["texts"]) == (["acct_1", "acct_2", "acct_3"], 10)


def test_compile_of_one_text_is_that_text(spec: Path, forebay: Forebay) -> None:
    said = forebay("compile", "daily", "--window", "2026-03-29")

    assert said.out == (
        "SELECT id FROM charges WHERE created >= TIMESTAMP '2026-03-28 23:00:00' "
        "AND created < TIMESTAMP '2026-03-29 22:00:00'\n"
    )
    assert forebay("compile", "--window", "2026-03-29").code == 2
    assert "did you mean 'close'?" in forebay("compile", "clos").err


def test_compile_writes_files_that_hold_what_stripe_would_get(spec: Path, forebay: Forebay) -> None:
    (spec / "queries" / "own.sql").write_bytes(b"SELECT {{ account }}\r\n")

    said = forebay("compile", "--to", "sql")

    assert said.out == "12 texts in sql/\n"
    assert (spec / "sql" / "close" / "fees.month-2026-09.sql").read_text() == "SELECT '2026-09', 'usd' FROM fees"
    assert (spec / "sql" / "close" / "acct_1" / "own.month-2026-09.sql").read_bytes() == b"SELECT 'acct_1'\r\n"
    assert (spec / "sql" / "capped" / "capped.sql").read_text() == "SELECT 1"
    assert forebay("compile", "--to", "").code == 2
