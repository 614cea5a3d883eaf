"""docs/api-facts.md has all that Stripe's clients declare and that we tell apart, and names only what there is."""

import re
from collections.abc import Iterator, Mapping

import pytest

from forebay.config.result_columns import told_type
from forebay.queryrun import classify
from forebay.sandbox.faults import FaultName
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.clients.a4 import A4
from tests.clients.facts_page import ROOT, Row, all_rows, code, functions_of, named_tests, rows
from tests.clients.judging import Described, fields, values
from tests.clients.test_fields_we_read import READERS
from tests.clients.wire_samples import leaves

#: Sections of the page, and the types that each has all of; parameters have the call before their name.
PARAMETERS = "stripe.params.v2"
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Fields: reporting": {"": "stripe.v2.data.reporting.QueryRun"},
    "Fields: data": {"": "stripe.v2.data.QueryRun"},
    "Fields: schemas": {"": "stripe.v2.data.Schema"},
    "Fields: event": {
        "": "stripe.v2.core.Event",
        "related_object.": "stripe.events.V2DataQueryRunSucceededEvent.RelatedObject",
    },
    "Parameters: reporting": {
        "create ": f"{PARAMETERS}.data.reporting.QueryRunCreateParams",
        "retrieve ": f"{PARAMETERS}.data.reporting.QueryRunRetrieveParams",
    },
    "Parameters: data": {
        "create ": f"{PARAMETERS}.data.QueryRunCreateParams",
        "retrieve ": f"{PARAMETERS}.data.QueryRunRetrieveParams",
    },
    "Parameters: schemas": {"list ": f"{PARAMETERS}.data.SchemaListParams"},
    "Parameters: events": {"list ": f"{PARAMETERS}.core.EventListParams"},
}
#: Tables of single values: where the client lists them, for each generation that the page names.
VALUES: Mapping[str, Mapping[str, str]] = {
    "Statuses": {"reporting": "status", "data": "status"},
    "Codes of a failed run": {"reporting": "status_details{}.error_code", "data": "status_details.code"},
    "Types of columns": {
        "reporting": "result.file.schema[].type",
        "data": "result.file.columns[].type",
        "schemas": "columns[].type",
    },
}
OTHERS = "any other"
SOURCE = re.compile(r"\b[A-Z][A-Z0-9-]+\b")
#: Questions of the page that the sandbox does not yet answer either way. Who adds the switch takes its line away.
WITHOUT_A_SWITCH = {
    # Nothing that a request could show.
    "What is a run's price from February 2027 on, and is a failed one billed?",
}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_that_the_client_declares_has_its_row(section: str, a4: A4) -> None:
    declared = {before + path for before, path, _ in _declared(section, a4)}

    assert [row.first for row in rows(section) if len(code(row.first)) != 1] == []
    assert {code(row.first)[0] for row in rows(section)} == declared


@pytest.mark.parametrize("section", SECTIONS)
def test_every_row_of_a_field_says_its_type_as_the_client_does(section: str, a4: A4) -> None:
    said = {code(row.first)[0]: row["type"] for row in rows(section)}

    for before, path, field in _declared(section, a4):
        cell = said[before + path]
        inner = field["of"] if field["kind"] == "list" else field
        listed = inner.get("values", [])
        assert not listed or set(code(cell)) == set(listed), f"{before}{path}: {cell}"
        if field["kind"] == "text":
            assert cell.startswith("open: ") == bool(listed and field["open"]), f"{before}{path}: {cell}"
        if not before:
            assert ("optional" in cell) == bool(field.get("optional")), f"{before}{path}: {cell}"


@pytest.mark.parametrize("section", VALUES)
def test_every_value_that_the_client_lists_has_its_row(section: str, a4: A4) -> None:
    page = {(of, *code(row.first)) for row in rows(section) for of in row["of"].split(", ") if row.first != OTHERS}

    listed = {
        (of, value)
        for of, field in VALUES[section].items()
        for path, value in values(a4.described(READERS[of].type))
        if path == field
    }
    assert page == listed


def test_each_type_is_stored_as_the_page_says() -> None:
    for row in rows("Types of columns"):
        written = code(row.first) or ["geometry"]
        assert str(told_type(written[0])) == code(row["stored in Parquet as"])[0], row.first


@pytest.mark.parametrize("name", READERS)
def test_what_nothing_is_made_of_is_what_we_ignore(name: str) -> None:
    unused = [row.first for row in rows(f"Fields: {name}") if row["what is made of it"].startswith("nothing: ")]

    assert {field for about in unused for field in code(about)} == set(READERS[name].ignored)


def test_every_error_code_that_we_tell_apart_has_its_row() -> None:
    page = {word for row in rows("Errors") for word in code(row["code"])}

    assert set(classify._BY_CODE) <= page


def test_every_type_of_event_of_the_family_has_its_row(a4: A4) -> None:
    page = {word for row in rows("Types") for word in code(row.first)}
    theirs = a4.ask("types_of_events")

    assert {name for name in theirs if name.startswith("v2.data.")} <= page <= set(theirs)


def test_every_source_is_named_at_the_top() -> None:
    named = {name for row in rows("Sources") for name in row.first.split(", ")}
    facts = [row for row in all_rows() if "source" in row.cells]
    used = {(row.first, name) for row in facts for name in SOURCE.findall(row["source"])}

    assert {(about, name) for about, name in used if name not in named} == set()
    assert {row.first for row in facts} == {about for about, _ in used}


def test_every_test_that_is_named_exists() -> None:
    named = {test for row in all_rows() for cell in row.cells.values() for test in named_tests(cell)}

    assert len(named) > 100
    assert sorted(f"{path}::{name}" for path, name in named if name not in functions_of(path)) == []


def test_every_fact_has_a_test() -> None:
    facts = [row for row in all_rows() if "test" in row.cells]

    assert len(facts) > 150
    assert [row.first for row in facts if not named_tests(row["test"])] == []


def test_every_unknown_has_a_switch_that_is_there() -> None:
    keys = (ROOT / "sandbox/http/callers.py").read_text("utf-8")

    def there(switch: str) -> bool:
        kind, _, name = switch.rpartition(" ")
        match kind:
            case "fault":
                return name in list(FaultName)
            case "key":
                return f'"{name}"' in keys
        return name in SandboxSettings.model_fields

    switches = {switch for row in rows("Unknowns") for switch in code(row["switch"])}
    assert {switch for switch in switches if not there(switch)} == set()


def test_every_unknown_is_tested_either_way_but_those_of_the_list() -> None:
    without = {row.first for row in rows("Unknowns") if not _settled(row)}

    assert without == WITHOUT_A_SWITCH


def _settled(row: Row) -> bool:
    return bool(code(row["switch"]) and named_tests(row["one way"]) and named_tests(row["the other way"]))


def _declared(section: str, a4: A4) -> Iterator[tuple[str, str, Described]]:
    for before, path in SECTIONS[section].items():
        whole = a4.described(path)
        kinds = dict(fields(whole))
        yield from ((before, leaf, kinds[leaf]) for leaf in leaves(whole))
