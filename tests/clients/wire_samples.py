"""Writes a reply of Stripe's from the types that its client declares: every field filled, and one of them otherwise.

So it can be found out which fields a reader reads: those of which it makes something else when they are otherwise.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.clients.judging import fields

Described = Mapping[str, Any]

#: Two of each kind: what every field has, and what the one has that differs. Numbers of 64 bits travel as text.
_KINDS: Mapping[str, tuple[Any, Any]] = {
    "integer": ("7", "8"),
    "number": (1.5, 2.5),
    "boolean": (False, True),
    "any": (1, 2),
    "text": ("qryrun_one", "qryrun_other"),
}
_MOMENTS = ("2026-11-01T21:02:00.919623613Z", "2026-11-02T03:04:05.000000006Z")
_URLS = ("https://files.stripe.com/one", "https://files.stripe.com/other")
#: In place of a field that is not there.
GONE = object()


def leaves(described: Described) -> Iterator[str]:
    """Yields the paths of the fields that hold a value and no further fields."""
    paths = [path for path, _ in fields(described)]
    for path in paths:
        if not any(other.startswith((f"{path}.", f"{path}[]", f"{path}{{}}")) for other in paths):
            yield path


def reply(described: Described, status: str, path: str = "", *, otherwise: str = "", gone: str = "") -> Any:
    """Writes a reply with this status; the field `otherwise` has its other value, and `gone` is not there."""
    how = {"otherwise": otherwise, "gone": gone}
    if path and path == gone:
        return GONE
    match described["kind"]:
        case "object":
            written = {
                name: reply(field, status, f"{path}.{name}".lstrip("."), **how)
                for name, field in described["fields"].items()
            }
            return {name: value for name, value in written.items() if value is not GONE}
        case "list":
            return [reply(described["of"], status, f"{path}[]", **how)]
        case "map":  # what the reporting dialect has so is keyed by the status
            return {status: reply(described["of"], status, f"{path}{{}}", **how)}
        case _:
            one, other = _pair(described, path)
            if path.rstrip("[]{}") == otherwise:
                return other
            return status if path == "status" else one


def _pair(described: Described, path: str) -> tuple[Any, Any]:
    name = path.rpartition(".")[2]
    if name == "created" or name.endswith("_at"):
        return _MOMENTS
    if name.endswith("url"):
        return _URLS
    listed = described.get("values") or ()
    return (listed[0], "other") if listed else _KINDS[described["kind"]]
