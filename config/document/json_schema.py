"""Makes the spec's JSON Schema from its models: an editor that has it completes keys, explains and checks them.

`python -m forebay.config.document.json_schema > docs/spec.schema.json` publishes it; `forebay init` writes a copy
beside the spec.
"""

from __future__ import annotations

import sys
from typing import Any

from forebay.config import model_schema
from forebay.config.document import (
    account_groups,
    connection_spec,
    definition_sections,
    definitions,
    price_spec,
    spec,
    window_spec,
)
from forebay.config.document.spec import Spec

_MODULES = (account_groups, connection_spec, definition_sections, definitions, price_spec, spec, window_spec)


def schema() -> dict[str, Any]:
    """Makes a JSON Schema 2020-12, as plain values."""
    return model_schema.finished(Spec.model_json_schema(), root="Spec", modules=_MODULES, title="forebay.yaml")


def schema_text() -> str:
    """Writes the file as it is published."""
    return model_schema.schema_text(schema())


if __name__ == "__main__":
    sys.stdout.write(schema_text())
