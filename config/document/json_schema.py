"""Makes the spec's JSON Schema from its models: an editor that has it completes keys, explains and checks them.

`python -m forebay.config.document.json_schema > docs/spec.schema.json` publishes it; `forebay init` writes a copy
beside the spec. What stands below a field in the source is its description. Pydantic could read that itself, but does
it whenever a model is imported, and every command would start 50 ms later.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from types import ModuleType
from typing import Any

from forebay.config.document import account_groups, connection_spec, definitions, price_spec, spec
from forebay.config.document.spec import Spec

_MODULES = (account_groups, connection_spec, definitions, price_spec, spec)


def schema() -> dict[str, Any]:
    """Makes a JSON Schema 2020-12, as plain values."""
    made = Spec.model_json_schema()
    descriptions = {name: texts for module in _MODULES for name, texts in _descriptions(module).items()}
    for name, model in {**made["$defs"], "Spec": made}.items():
        if "properties" in model:
            for field, text in descriptions.get(name, {}).items():
                model["properties"][_written(name, field)]["description"] = text
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_tidy(made),
        "title": "forebay.yaml",
    }


def schema_text() -> str:
    """Writes the file as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _written(model: str, field: str) -> str:
    """Finds the key that stands for a field in the file."""
    for module in _MODULES:
        if part := getattr(module, model, None):
            return str(part.model_fields[field].alias or field)
    raise LookupError(model)


def _descriptions(module: ModuleType) -> dict[str, dict[str, str]]:
    """Collects, for each class of the module: field → the text below it. A subclass has its parents' texts."""
    texts: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            inherited = {key: text for base in node.bases for key, text in texts.get(ast.unparse(base), {}).items()}
            texts[node.name] = inherited | _texts_below(node)
    return texts


def _texts_below(node: ast.ClassDef) -> dict[str, str]:
    texts = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            texts[ast.unparse(field.target)] = " ".join(str(below.value.value).split())
    return texts


def _tidy(part: Any) -> Any:
    """Drops what pydantic adds for programs: titles, and defaults that say nothing."""
    if isinstance(part, list):
        return [_tidy(item) for item in part]
    if not isinstance(part, dict):
        return part
    tidied = {
        # Below `properties` and `$defs` the keys are names of ours, and one of them may be 'title'.
        key: {name: _tidy(item) for name, item in value.items()} if key in ("properties", "$defs") else _tidy(value)
        for key, value in part.items()
        if not (key == "title" or (key == "default" and (value is None or isinstance(value, dict))))
    }
    if "patternProperties" in tidied:
        tidied["additionalProperties"] = False
    return tidied


if __name__ == "__main__":
    sys.stdout.write(schema_text())
