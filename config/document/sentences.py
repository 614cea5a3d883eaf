"""Words complaints of a value of the wrong kind for somebody who writes YAML and has never heard of our types.

Called by `load_spec.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forebay.config.near_miss import near_miss

_MAPPING = "must have keys of its own, as in {key: value}"
_KINDS = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list, as in [a, b]",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def sentence(kind: str, message: str, context: Mapping[str, Any], value: object) -> str:
    """Says, for pydantic's error `kind`, what the value must be, and how it gets there. Never quotes the value."""
    if kind in ("literal_error", "enum"):
        known = re.findall(r"'([^']+)'", str(context["expected"]))
        return message + (near_miss(value, known) if isinstance(value, str) else "")
    plain = _KINDS.get(kind, message)
    if kind in ("int_type", "float_type") and isinstance(value, str) and _NUMBER.fullmatch(value):
        return f"{plain}: take its quotes off"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f"{plain}: put it in quotes"
    return plain
