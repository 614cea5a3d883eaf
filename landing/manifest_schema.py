"""Makes the JSON Schema of the manifests that lie beside results: of a result's, and of a batch's.

`python -m forebay.landing.manifest_schema > docs/manifest.schema.json` publishes it. Everything that the tests land in
their own process is checked against it.
"""

import sys
from typing import Any

from forebay.config import model_schema
from forebay.landing import batch_manifest, manifest
from forebay.landing.batch_manifest import BatchManifest
from forebay.landing.formats import stored_table
from forebay.landing.manifest import Manifest
from forebay.store.ledger import batch_policy, outcomes


def schema() -> dict[str, Any]:
    """Makes a JSON Schema 2020-12, as plain values: a document is one of the two."""
    modules = (batch_policy, outcomes, stored_table, manifest, batch_manifest)
    parts: dict[str, Any] = {}
    for model in (Manifest, BatchManifest):
        made = model.model_json_schema()
        whole = model_schema.finished(made, root=model.__name__, modules=modules, title=model.__name__)
        parts |= whole.pop("$defs", {})
        parts[model.__name__] = {key: value for key, value in whole.items() if key not in ("$schema", "title")}
    return {
        "$schema": model_schema.DIALECT,
        "title": "Manifests of Forebay",
        "oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in (Manifest, BatchManifest)],
        "$defs": dict(sorted(parts.items())),
    }


def schema_text() -> str:
    """Writes the file as it is published."""
    return model_schema.schema_text(schema())


if __name__ == "__main__":
    sys.stdout.write(schema_text())
