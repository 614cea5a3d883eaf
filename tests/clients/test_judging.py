"""What judges the client's objects sees each way in which they can be wrong."""

from typing import Any

import pytest

from tests.clients.judging import faults, fields, values

DESCRIBED: dict[str, Any] = {
    "kind": "object",
    "fields": {
        "id": {"kind": "text", "values": [], "open": True},
        "status": {"kind": "text", "values": ["running", "failed"], "open": False},
        "size": {"kind": "integer", "optional": True},
        "columns": {"kind": "list", "of": {"kind": "object", "fields": {"wide": {"kind": "boolean"}}}},
        "details": {"kind": "map", "of": {"kind": "object", "fields": {"code": {"kind": "text", "open": True}}}},
        "row": {"kind": "any"},
    },
}
RIGHT: dict[str, Any] = {
    "id": "q",
    "status": "failed",
    "size": None,
    "columns": [{"wide": True}, {"wide": False}],
    "details": {"failed": {"code": "x"}},
    "row": 1.5,
}


def test_what_is_as_it_was_declared_has_no_fault() -> None:
    assert list(faults(RIGHT, DESCRIBED)) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"id": None}, "id is null"),
        ({"id": 7}, "id is no text: 7"),
        ({"status": "odd"}, "status is 'odd', which is not listed"),
        ({"size": "7"}, "size is no integer: '7'"),
        ({"size": True}, "size is no integer: True"),
        ({"columns": {}}, "columns is no list: {}"),
        ({"columns": [{"wide": True}, {}]}, "columns[].wide is missing"),
        ({"details": []}, "details is no map: []"),
        ({"details": {"failed": {"code": 1}}}, "details{}.code is no text: 1"),
        ({"details": {"failed": "x"}}, "details{} is no object: 'x'"),
        ({"more": 1}, "more is no field of the client's"),
    ],
)
def test_each_fault_is_named_by_its_field(wrong: dict[str, Any], fault: str) -> None:
    assert list(faults({**RIGHT, **wrong}, DESCRIBED)) == [fault]


def test_what_is_said_to_be_absent_has_to_be() -> None:
    without = {name: value for name, value in RIGHT.items() if name != "size"}

    assert list(faults(without, DESCRIBED)) == ["size is missing"]
    assert list(faults(without, DESCRIBED, absent=frozenset({"size"}))) == []
    assert list(faults(RIGHT, DESCRIBED, absent=frozenset({"size"}))) == ["size is there, and was said to be absent"]


def test_fields_and_values_are_named_from_the_top() -> None:
    assert [path for path, _ in fields(DESCRIBED)] == [
        *("id", "status", "size", "columns", "columns[].wide", "details", "details{}.code", "row")
    ]
    assert list(values(DESCRIBED)) == [("status", "running"), ("status", "failed")]
