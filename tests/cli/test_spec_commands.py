"""`forebay init` and `validate`, as people call them."""

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from forebay.config.document.json_schema import schema_text
from forebay.config.yaml_lines import read_yaml
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe

SPEC = """\
version: 1
connections:
  acme: {mode: test, key: secret://env/ACME_KEY}
batches:
  close: {sql: q/*.sql}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    with running(SandboxSettings(port=0, duration="fixed:0", accounts=3)) as url:
        yield url


def spec(folder: Path, **sql: str) -> None:
    (folder / "forebay.yaml").write_text(SPEC)
    (folder / "q").mkdir()
    for name, text in sql.items():
        (folder / "q" / f"{name}.sql").write_text(text)


def test_the_example_is_valid_as_it_stands(folder: Path, forebay: Forebay) -> None:
    made = forebay("init")
    said = forebay("validate", "--strict")

    assert made.code == 0
    assert (said.code, said.out) == (0, "2 definitions, 3 queries: nothing to complain of\n")
    assert "forebay run month_end" in made.out


def test_the_example_names_what_the_sandbox_has(folder: Path, forebay: Forebay, sandbox: str) -> None:
    forebay("init")
    text = (folder / "forebay.yaml").read_text()
    assert f"api_base: http://127.0.0.1:{SandboxSettings().port}" in text
    (folder / "forebay.yaml").write_text(text.replace("http://127.0.0.1:8420", sandbox))

    fetched = forebay("schema")
    said = forebay("validate", "--strict")

    assert fetched.code == 0
    assert "names were checked against the schema: sandbox's of today" in said.err
    assert said.code == 0, said.out


def test_an_editor_finds_the_schema_where_the_spec_says(folder: Path, forebay: Forebay) -> None:
    forebay("init")
    text = (folder / "forebay.yaml").read_text()
    path = folder / text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")

    jsonschema.validate(read_yaml(text, folder).value, json.loads(path.read_text()))
    path.write_text("{}")
    forebay("validate")

    assert path.read_text() == schema_text()


def test_a_spec_that_names_no_schema_gets_none(folder: Path, forebay: Forebay) -> None:
    spec(folder, a="SELECT 1 AS one")

    assert forebay("validate").code == 0
    assert not (folder / ".forebay").exists()


def test_init_writes_over_nothing(folder: Path, forebay: Forebay) -> None:
    (folder / "queries").mkdir()
    (folder / "queries" / "charges_daily.sql").write_text("mine")
    before = files(folder)

    said = forebay("init")

    assert said.code == 2
    assert "queries/charges_daily.sql would be overwritten; nothing was written" in said.err
    assert files(folder) == before


def test_init_that_cannot_write_all_of_it_leaves_nothing(folder: Path, forebay: Forebay) -> None:
    (folder / "new" / "queries").mkdir(parents=True)
    (folder / "new" / "queries" / "month_end").write_text("a file")

    said = forebay("init", "new")

    assert said.code == 2
    assert "cannot be written" in said.err
    assert files(folder / "new") == {"queries", "queries/month_end"}


def test_a_spec_is_checked_where_nothing_can_be_written(folder: Path, forebay: Forebay) -> None:
    assert forebay("init").code == 0
    shutil.rmtree(folder / ".forebay")
    (folder / ".forebay").write_text("a file")

    said = forebay("validate")

    assert (said.code, said.out) == (0, "2 definitions, 3 queries: nothing to complain of\n")
    assert "the schema that editors read was not renewed" in said.err


def test_init_makes_the_folder_and_leaves_a_key_file_alone(folder: Path, forebay: Forebay) -> None:
    (folder / "new").mkdir()
    (folder / "new" / ".env").write_text("MINE=1\n")

    said = forebay("init", "new")

    assert said.code == 0
    assert (folder / "new" / ".env").read_text() == "MINE=1\n"
    assert "SANDBOX_KEY=sk_org_test_sandbox >> .env" in said.out
    assert "cd new" in said.out
    assert forebay("init", "deep/er").code == 0
    assert stat.S_IMODE((folder / "deep/er/.env").stat().st_mode) == 0o600


def test_init_into_a_file_is_refused(folder: Path, forebay: Forebay) -> None:
    (folder / "a").write_text("")

    assert "a is a file; name a folder" in forebay("init", "a/b").err


def test_validate_tells_errors_and_warnings_with_their_places(folder: Path, forebay: Forebay) -> None:
    spec(folder, a="SELECT id\nFORM charges", b="SELECT * FROM charges")

    said = forebay("validate")

    assert said.code == 2
    errors, warnings, verdict = said.out.splitlines()
    assert errors.startswith("error   q/a.sql, line 2: 'FORM' is not expected here, did you mean 'FROM'?")
    assert warnings.startswith("warning q/b.sql, line 1: SELECT * changes its columns")
    assert verdict == "1 definition, 2 queries: 1 error and 1 warning"
    assert "there is no schema yet; `forebay schema` fetches one" in said.err


def test_strict_makes_warnings_errors(folder: Path, forebay: Forebay) -> None:
    spec(folder, b="SELECT * FROM charges")

    assert forebay("validate").code == 0
    assert forebay("validate", "--strict").code == 2


def test_validate_speaks_json(folder: Path, forebay: Forebay) -> None:
    spec(folder, a="SELECT id FROM")

    finding, result = forebay("validate", "close", "--json").events

    assert (finding["event"], finding["rule"], finding["severity"], finding["line"]) == (
        "finding",
        "syntax",
        "error",
        1,
    )
    assert (result["event"], result["exit"], result["errors"], result["queries"]) == ("result", 2, 1, 1)


def test_validate_needs_a_spec_and_names_that_are_in_it(folder: Path, forebay: Forebay) -> None:
    assert "`forebay init` writes one" in forebay("validate").err
    spec(folder, a="SELECT 1 AS one")

    said = forebay("validate", "clos")

    assert said.code == 2
    assert "did you mean 'close'?" in said.err


def test_validate_starts_and_contacts_nothing(folder: Path, stripe: EndlessStripe, forebay: Forebay) -> None:
    spec(folder, a="SELECT 1 AS one")
    before = files(folder)

    forebay("validate")

    assert files(folder) == before
    assert stripe.created == []


def test_files_are_validated_without_a_spec(folder: Path, forebay: Forebay) -> None:
    (folder / "good.sql").write_text("SELECT 1 AS one")
    (folder / "bad.sql").write_text("SELECT 1; SELECT 2")

    good, both = forebay("validate", "good.sql"), forebay("validate", "*.sql", "--json")

    assert (good.code, good.out) == (0, "1 query: nothing to complain of\n")
    assert both.code == 2
    assert [event["file"] for event in both.events if event["event"] == "finding"] == ["bad.sql"]
    assert both.events[-1]["queries"] == 2


def test_a_name_goes_before_a_file_only_where_there_is_no_such_file(folder: Path, forebay: Forebay) -> None:
    spec(folder, a="SELECT 1 AS one")
    by_name = forebay("validate", "close")
    (folder / "close").write_text("SELECT 1 +")

    assert (by_name.code, forebay("validate", "close").code) == (0, 2)


def test_queries_are_planned_with_their_lanes_time_and_cost(
    folder: Path, forebay: Forebay, stripe: EndlessStripe
) -> None:
    for name in ("a", "b"):
        (folder / f"{name}.sql").write_text("SELECT 1 AS one")

    told, read = forebay("plan", "*.sql"), forebay("plan", "a.sql", "b.sql", "--json")

    assert told.code == 0
    assert "2 runs" in told.out
    assert "default:test: 2 runs, 100 slots" in told.out
    assert read.events[0]["lanes"] == {"default:test": 2}
    assert read.events[-1]["runs"] == 2
    assert stripe.created == []
