"""Makes a JSON Schema of pydantic models, in which what stands below a field in the source is its description.

For whatever of ours others read or write: `config/document/json_schema.py` makes the spec's, and
`landing/manifest_schema.py` that of manifests. Pydantic could read descriptions itself, but does it whenever a model is
imported, and every command would start 50 ms later.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def finished(made: Mapping[str, Any], *, root: str, modules: Iterable[ModuleType], title: str) -> dict[str, Any]:
    """Describes and tidies what pydantic made of the model `root`, whose parts are classes of these modules."""
    modules = tuple(modules)
    descriptions = {name: texts for module in modules for name, texts in _descriptions(module).items()}
    for name, model in {**made.get("$defs", {}), root: made}.items():
        if "properties" in model:
            for field, text in descriptions.get(name, {}).items():
                model["properties"][_written(modules, name, field)]["description"] = text
    return {"$schema": DIALECT, **_tidy(dict(made)), "title": title}


def schema_text(schema: Mapping[str, Any]) -> str:
    """Writes the file as it is published."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _written(modules: Iterable[ModuleType], model: str, field: str) -> str:
    """Finds the key that stands for a field in the file."""
    for module in modules:
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
