"""Says what a changed spec changes: for beat, which notices it, and keeps in the ledger what it went by last.

Definitions are compared key by key, and their SQL by its text, so a changed file counts though the spec is the same.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError
from forebay.config.read_json import read_json
from forebay.scheduler.definitions.definition import Definition, definitions_of
from forebay.scheduler.definitions.sources import definition_sources
from forebay.scheduler.errors import InputError
from forebay.store.errors import NotFound
from forebay.store.interface import Store

#: Where the ledger has what the scheduler last went by.
KEY = "spec/applied.json"
_SECTIONS = ("connections", "accounts", "extracts", "batches")


def shape(written: WrittenSpec) -> dict[str, Any]:
    """Gathers what of a spec is compared: all that it says, and what its SQL files hold. Of secrets, references."""
    spec: dict[str, Any] = written.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for definition in definitions_of(written):
        spec[definition.section][definition.name]["sql"] = _sql(definition)
    return spec


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each thing that was added, removed or changed."""
    for section in _SECTIONS:
        old, new = before.get(section) or {}, after.get(section) or {}
        for name in dict.fromkeys((*old, *new)):
            where = f"{section}.{name}"
            if name not in old:
                yield f"{where}: new"
            elif name not in new:
                yield f"{where}: gone; what was accepted of it goes on"
            elif old[name] != new[name]:
                yield f"{where}: changed {', '.join(_differing(old[name], new[name]))}"
    old, new = before.get("defaults") or {}, after.get("defaults") or {}
    if old != new:
        yield f"defaults: changed {', '.join(_differing(old, new))}"


def record(store: Store, spec: Mapping[str, Any], sha256: str, at: datetime) -> None:
    """Keeps what is gone by from now on."""
    store.put(KEY, json.dumps({"sha256": sha256, "at": at.isoformat(), "spec": spec}, sort_keys=True).encode())


def recorded(store: Store) -> dict[str, Any] | None:
    """Reads what was gone by last; None before the first time, or where it cannot be read."""
    try:
        spec: Any = read_json(store.get(KEY))["spec"]
    except (NotFound, ValueError, KeyError, TypeError):
        return None
    return spec if isinstance(spec, dict) else None


def _sql(definition: Definition) -> Any:
    try:
        return {
            source.name: hashlib.sha256(source.text.encode()).hexdigest() for source in definition_sources(definition)
        }
    except (InputError, ConfigError) as error:  # a file that is missing is told where it is used
        return str(error)


def _differing(old: Any, new: Any, prefix: str = "") -> Iterator[str]:
    """Yields the dotted names of what differs."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield prefix
        return
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            dotted = f"{prefix}.{key}" if prefix else str(key)
            both = isinstance(old.get(key), Mapping) and isinstance(new.get(key), Mapping)
            yield from _differing(old[key], new[key], dotted) if both else (dotted,)
