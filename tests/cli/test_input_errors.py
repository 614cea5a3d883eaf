"""Bad input: one sentence with the way out, exit code 2, and nothing started or written."""

from pathlib import Path

import pytest

from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe

CASES = {
    "a file that is not there": ({}, ["nope.sql"], "there is no file nope.sql"),
    "a glob that matches nothing": ({}, ["q/*.sql"], "no file matches q/*.sql"),
    "a folder": ({"q/a.sql": "SELECT 1"}, ["q"], "name its files"),
    "an empty file": ({"a.sql": ""}, ["a.sql"], "a.sql: the SQL is empty"),
    "only blanks": ({"a.sql": " \n\t"}, ["a.sql"], "a.sql: the SQL is empty"),
    "SQL that is too long": ({"a.sql": "x" * 1_000_001}, ["a.sql"], "1,000,001 bytes, more than the 1,000,000"),
    "a line that is not JSON": ({"a.ndjson": '{"sql": "SELECT 1"}\n{"sql"'}, ["a.ndjson"], "a.ndjson, line 2"),
    "a line that is no object": ({"a.ndjson": "[1]"}, ["a.ndjson"], "a.ndjson, line 1 is not an object"),
    "a line without SQL": ({"a.ndjson": '{"name": "fees"}'}, ["a.ndjson"], "a.ndjson, line 1 has no sql"),
    "a misspelt field": ({"a.ndjson": '{"sql": "SELECT 1", "nane": "x"}'}, ["a.ndjson"], "unknown field 'nane'"),
    "a CSV without the column": ({"a.csv": "query\nSELECT 1\n"}, ["a.csv"], "must name the columns"),
    "two queries of one name": (
        {"a/fees.sql": "SELECT 1", "b/fees.sql": "SELECT 2"},
        ["a/fees.sql", "b/fees.sql"],
        "the name 'fees' is taken by a/fees.sql",
    ),
    "a query that Trino's grammar refuses": (
        {"a.sql": "SELECT id\nFROM charges WHERE created > current_date - INTERVAL 30 DAY"},
        ["a.sql"],
        "a: an interval is written INTERVAL '30' DAY (line 2 of the SQL)",
    ),
    "a function that Trino does not have": (
        {"a.sql": "SELECT nvl(amount, 0) FROM charges"},
        ["a.sql"],
        "coalesce(a, b)",
    ),
    "bytes that are no text": ({"a.sql": b"\x80\x81"}, ["a.sql"], "not UTF-8"),
    "what a spreadsheet saves as Unicode": ({"a.sql": b"\xff\xfe\x00"}, ["a.sql"], "is UTF-16"),
    "an empty list": ({"a.ndjson": ""}, ["a.ndjson"], "no queries"),
    "an account that is none": (
        {"a.ndjson": '{"sql": "SELECT 1", "account": "acct 1"}'},
        ["a.ndjson"],
        "an account is written acct_",
    ),
}


@pytest.mark.parametrize("command", ["run", "submit"])
@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_before_anything_happens(
    case: str, command: str, folder: Path, stripe: EndlessStripe, forebay: Forebay
) -> None:
    contents, arguments, sentence = CASES[case]
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = files(folder)

    said = forebay(command, *arguments)

    assert said.code == 2
    assert sentence in said.err
    assert said.out == ""
    assert files(folder) == before
    assert stripe.created == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Missing argument"),
        (["rum"], "there is no command 'rum', did you mean 'run'?"),
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["run", "--capp", "5"], "Possible options: --cap"),
        (["run", "a.sql", "--cap", "0"], "greater than or equal to 1"),
        (["retry", "b1"], "--failed"),
        (["worker", "--queues", "polls"], "there is no queue 'polls'"),
    ],
)
def test_a_wrong_command_line_is_usage(arguments: list[str], sentence: str, forebay: Forebay) -> None:
    said = forebay(*arguments)

    assert said.code == 2
    assert sentence in said.err


def test_an_error_is_one_object_when_json_is_asked_for(forebay: Forebay) -> None:
    for arguments in (["run", "nope.sql", "--json"], ["rum", "--json"]):
        said = forebay(*arguments)

        (only,) = said.events
        assert said.code == 2
        assert set(only["error"]) == {"class", "message", "next"}


def test_a_cap_above_the_connections_is_refused(
    stripe: EndlessStripe, queries: list[str], forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_CAP", "3")

    said = forebay("run", *queries, "--cap", "4")

    assert said.code == 2
    assert "can only lower it" in said.err


def test_without_a_key_nothing_is_started(
    folder: Path, queries: list[str], forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(folder)

    said = forebay("run", *queries)

    assert said.code == 4
    assert "set STRIPE_API_KEY" in said.err
    assert files(folder) == before


def test_a_data_folder_that_cannot_be_one_is_said_to_be(
    stripe: EndlessStripe, queries: list[str], folder: Path, forebay: Forebay
) -> None:
    (folder / ".forebay").write_text("")

    said = forebay("run", *queries)

    assert said.code == 2
    assert "set FOREBAY_DATA_DIR" in said.err


def test_the_demo_says_where_it_works(forebay: Forebay) -> None:
    said = forebay("demo")

    assert said.code == 2
    assert "clone" in said.err
