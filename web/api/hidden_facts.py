"""Takes out of a reading what not everybody may see: SQL texts, and where objects lie. Pure."""

from collections.abc import Iterable
from typing import Any

from forebay.config.document.web_access import Hidden

_FIELDS = {
    Hidden.SQL: {"sql"},
    Hidden.URLS: {"result", "manifest", "output", "places"},
}


def without_hidden(facts: Any, hidden: Iterable[Hidden]) -> Any:
    """Gives a reading without them, at whatever depth: what is hidden is null, so that nobody takes it for absent."""
    names = set().union(*(_FIELDS[each] for each in hidden))
    return _without(facts, names) if names else facts


def _without(facts: Any, names: set[str]) -> Any:
    if isinstance(facts, dict):
        return {name: None if name in names else _without(value, names) for name, value in facts.items()}
    if isinstance(facts, list):
        return [_without(each, names) for each in facts]
    return facts
