"""What lies beside results is as its published schema says; old ones are, too."""

import json
from typing import Any

import jsonschema
import pytest

from forebay.landing.manifest_schema import schema, schema_text
from tests.landing.manifest_checker import PUBLISHED, validator

#: As the first releases wrote them.
OLD = {
    "format": 1,
    "batch": "b",
    "lane": "acme:live",
    "run": "b/0",
    "name": "fees",
    "account": None,
    "attempt": 0,
    "query_run": "qryrun_1",
    "sql_sha256": "cc",
    "object": {"key": "b/fees.csv", "url": "file:///out/b/fees.csv", "format": "csv", "bytes": 3, "sha256": "aa"},
    "csv": {"bytes": 3, "sha256": "aa", "records": 0, "columns": ["n"]},
    "compress": True,
    "submitted_at": None,
    "ended_at": None,
    "landed_at": "2026-11-22T13:00:00Z",
    "livemode": True,
    "api_version": "2026-04-22.preview",
    "request_ids": [],
}
OLD_BATCH = {
    "format": 1,
    "batch": "b",
    "definition": "month_end",
    "window": None,
    "spec_sha256": "dd",
    "at": "2026-11-22T13:00:00Z",
    "outcome": "landed",
    "runs": 1,
    "landed": 1,
    "failed": 0,
    "canceled": 0,
    "stored_bytes": 3,
    "records": 0,
    "coverage": {"expected": 0, "landed": 0},
}


def test_what_is_published_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == schema_text(), (
        "python -m forebay.landing.manifest_schema > docs/manifest.schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("written", [OLD, OLD_BATCH])
def test_what_older_releases_wrote_is_within_it(written: dict[str, Any]) -> None:
    validator().validate(written)


@pytest.mark.parametrize(
    "broken",
    [{}, {**OLD, "format": 2}, {**OLD, "csv": {}}, {**OLD, "landed_at": 5}, {**OLD_BATCH, "outcome": "well"}],
)
def test_what_is_none_is_outside_of_it(broken: dict[str, Any]) -> None:
    assert not validator().is_valid(broken)


def test_what_names_do_not_say_is_explained() -> None:
    names_say_it = {"batch", "lane", "run", "name", "query_run", "bytes", "compress", "livemode", "api_version"}
    for part in ("Manifest", "ObjectPart"):
        told = schema()["$defs"][part]["properties"]
        silent = {key for key, said in told.items() if "description" not in said and "$ref" not in said}
        assert silent <= names_say_it | {"part"}
