"""Holds manifests against their published JSON Schema, as they are written."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from forebay.landing import batch_manifest, manifest

PUBLISHED = Path(__file__).parents[2] / "docs" / "manifest.schema.json"


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        json.loads(PUBLISHED.read_text("utf-8")), format_checker=jsonschema.FormatChecker()
    )


def check(data: bytes) -> bytes:
    validator().validate(json.loads(data))
    return data


def check_all_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks whatever is written from here on."""
    for module, name in ((manifest, "manifest_bytes"), (batch_manifest, "batch_manifest_bytes")):
        monkeypatch.setattr(module, name, _checked(getattr(module, name)))


def _checked(write: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    return lambda written: check(write(written))
