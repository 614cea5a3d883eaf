from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from forebay.config.document.json_schema import schema, schema_text
from forebay.config.yaml_lines import read_yaml
from tests.config.document.test_definitions import GOOD

PUBLISHED = Path(__file__).parents[3] / "docs" / "spec.schema.json"


def errors(text: str) -> list[str]:
    value = read_yaml(text, PUBLISHED).value
    return [error.json_path for error in jsonschema.Draft202012Validator(schema()).iter_errors(value)]


def test_what_is_published_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == schema_text(), (
        "python -m forebay.config.document.json_schema > docs/spec.schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


def test_every_key_is_explained() -> None:
    made = schema()
    silent = [
        f"{name}.{key}"
        for name, model in {**made["$defs"], "Spec": made}.items()
        for key, said in model.get("properties", {}).items()
        if "description" not in json.dumps({"": said, "refs": _referred(said, made)})
    ]

    assert silent == ["RangeSpec.start", "RangeSpec.end"]  # their names and examples say it all


def _referred(said: Any, made: dict[str, Any]) -> list[Any]:
    names = [part.split('"')[0] for part in json.dumps(said).split("#/$defs/")[1:]]
    return [made["$defs"][name].get("description") and {"description": ""} for name in names]


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("accounts: shops", "acounts: shops", "$.extracts.fees_daily"),
        ("every: 1d", "every: 1day", "$.extracts.fees_daily.window.every"),
        ("when: 0 6 * * *", "when: 0 6 * *", "$.extracts.fees_daily.schedule.when"),
        ("catch_up: last 9", "catch_up: some", "$.extracts.fees_daily.schedule.catch_up"),
        ("start: 2026-01-01", "start: tomorrow", "$.extracts.fees_daily.window.start"),
        ("overlap: skip", "overlap: jump", "$.extracts.fees_daily.schedule.overlap"),
        ("month_end:", "month end:", "$.batches"),
    ],
)
def test_an_editor_sees_what_the_loader_would_refuse(old: str, new: str, at: str) -> None:
    assert errors(GOOD) == []
    assert errors(GOOD.replace(old, new)) == [at]
