"""What a changed spec changes, in words: for beat, which notices it, and keeps in the ledger what it went by last.

Definitions are compared key by key, and their SQL by its text, so a changed file counts though the spec is the same.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError
from forebay.scheduler.definitions.sources import definition_sources
from forebay.scheduler.errors import InputError
from forebay.store.errors import NotFound
from forebay.store.interface import Store

#: Where the ledger has what the scheduler last went by.
KEY = "spec/applied.json"
_SECTIONS = ("connections", "accounts", "extracts", "batches")


def shape(written: WrittenSpec) -> dict[str, Any]:
    """What of a spec is compared: all that it says, and what its SQL files hold. References to secrets, never one."""
    said: dict[str, Any] = written.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for section in ("extracts", "batches"):
        for name, definition in said.get(section, {}).items():
            definition["sql"] = _sql(written, section, name)
    return said


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that was added, removed or changed."""
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


def record(store: Store, said: Mapping[str, Any], sha256: str, at: datetime) -> None:
    """Keeps what is gone by from now on."""
    store.put(KEY, json.dumps({"sha256": sha256, "at": at.isoformat(), "spec": said}, sort_keys=True).encode())


def recorded(store: Store) -> dict[str, Any] | None:
    """What was gone by last; None before the first time, or where it cannot be read."""
    try:
        said: Any = json.loads(store.get(KEY))["spec"]
    except (NotFound, ValueError, KeyError, TypeError):
        return None
    return said if isinstance(said, dict) else None


def _sql(written: WrittenSpec, section: str, name: str) -> Any:
    try:
        return {
            source.name: hashlib.sha256(source.text.encode()).hexdigest()
            for source in definition_sources(written, section, name)
        }
    except (InputError, ConfigError) as error:  # a file that is missing is said where it is used
        return str(error)


def _differing(old: Any, new: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of what differs."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield prefix
        return
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            dotted = f"{prefix}.{key}" if prefix else str(key)
            both = isinstance(old.get(key), Mapping) and isinstance(new.get(key), Mapping)
            yield from _differing(old[key], new[key], dotted) if both else (dotted,)
