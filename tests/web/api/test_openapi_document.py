"""The OpenAPI document is that of the routes: docs/ keep what is served, and each operation is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forebay.web.api.openapi_document import openapi_document
from forebay.web.api.operations.operations import OPERATIONS
from tests.source import ROOT
from tests.web.page_served import Told, page_served


def test_what_is_kept_is_what_is_served() -> None:
    with page_served(Told()) as client:
        served = client.get("/api/v1/openapi.json").json()

    kept = json.loads((ROOT / "docs/openapi.json").read_text())
    assert kept == served, "python -m forebay.web.api.openapi_document > docs/openapi.json"


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation.name for operation in OPERATIONS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_operation_is_answered_where_the_document_says(operation: Any) -> None:
    path = operation.path.format(
        batch="b1", lane="acme:live", index="0", extract="daily", window="2026-11-26", account="acct_1", deed="deed-1"
    )
    with page_served(Told()) as client:
        answer = client.request(operation.method, f"/api/v1{path}", params={"no_such_parameter": "1"})

    # Of each it is known that it reads no such parameter; nothing else would say so.
    assert (answer.status_code, answer.json()["title"][:41]) == (400, "there is no parameter 'no_such_parameter'")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_parameter_of_the_document_is_read(operation: Any) -> None:
    path = operation.path.format(
        batch="b1", lane="acme:live", index="0", extract="daily", window="2026-11-26", account="acct_1", deed="deed-1"
    )
    with page_served(Told()) as client:
        for parameter in operation.parameters:
            answer = client.request(operation.method, f"/api/v1{path}", params={parameter.name: _example(parameter)})
            assert answer.status_code == 200, answer.text


def test_every_reference_leads_to_a_schema() -> None:
    document = openapi_document()
    named = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(_references(document)) <= named


def _example(parameter: Any) -> str:
    schema = parameter.schema
    if schema["type"] == "integer":
        return str(schema["minimum"])
    return {"since": "2026-11-01", "until": "2026-11-02", "state": "failed", "by": "day"}.get(parameter.name, "x")


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for value in node.values() for each in _references(value)]
    return [each for value in node for each in _references(value)] if isinstance(node, list) else []
