"""Judges what the client made of a reply by the types that it declares. Pure: both are plain data."""

from collections.abc import Iterator, Mapping
from typing import Any

Described = Mapping[str, Any]
_IS = {"text": str, "integer": int, "number": float, "boolean": bool, "list": list, "map": dict, "object": dict}


def faults(value: Any, described: Described, path: str = "", *, absent: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yields a sentence for each field that is missing or of another type; those in `absent` have to be missing."""
    kind = described["kind"]
    if value is None:
        if not described.get("optional"):
            yield f"{path} is null"
    elif kind != "any" and type(value) is not _IS[kind]:
        yield f"{path} is no {kind}: {value!r}"
    elif kind == "text" and not described["open"] and value not in described["values"]:
        yield f"{path} is {value!r}, which is not listed"
    elif kind in ("list", "map"):
        mark, inner = ("[]", value) if kind == "list" else ("{}", value.values())
        for each in inner:
            yield from faults(each, described["of"], path + mark, absent=absent)
    elif kind == "object":
        yield from _object_faults(value, described, path, absent)


def _object_faults(value: Any, described: Described, path: str, absent: frozenset[str]) -> Iterator[str]:
    for name, field in described["fields"].items():
        below = f"{path}.{name}".lstrip(".")
        if below in absent:
            if name in value:
                yield f"{below} is there, and was said to be absent"
        elif name not in value:
            yield f"{below} is missing"
        else:
            yield from faults(value[name], field, below, absent=absent)
    yield from (f"{path}.{name} is no field of the client's".lstrip(".") for name in value.keys() - described["fields"])


def fields(described: Described, path: str = "") -> Iterator[tuple[str, Described]]:
    """Yields each field with its path and description: `result.file.columns[].name`, `status_details{}.error_code`."""
    if described["kind"] in ("list", "map"):
        yield from fields(described["of"], path + ("[]" if described["kind"] == "list" else "{}"))
    for name, field in described.get("fields", {}).items():
        below = f"{path}.{name}".lstrip(".")
        yield below, field
        yield from fields(field, below)


def values(described: Described) -> Iterator[tuple[str, str]]:
    """Yields each value that the client lists, with the path of its field."""
    for path, field in fields(described):
        inner = field["of"] if field["kind"] == "list" else field
        yield from ((path, value) for value in inner.get("values", ()))
