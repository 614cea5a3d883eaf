"""Finds the types of lists and maps that functions make, and of what the functions take that stand in their arguments.

Part of `calls.py`. What is not known is None, as everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forebay.scheduler.sql.trino.value_types import ValueType, are_sure, common, named

_Types = Sequence[ValueType | None]


def array_of(element: ValueType | None) -> ValueType:
    """Makes the type of a list."""
    return ValueType("array", (element,), sure=are_sure([element]))


def map_of(key: ValueType | None, value: ValueType | None) -> ValueType:
    """Makes the type of a map."""
    return ValueType("map", (key, value), sure=are_sure([key, value]))


def element(found: ValueType | None, place: int = 0) -> ValueType | None:
    """Finds the type of a list's elements, of a map's keys (0) or of its values (1)."""
    if found is None or found.family not in ("array", "map") or not 0 <= place < len(found.inner):
        return None
    return found.inner[place]


def _at(types: _Types, place: int) -> ValueType | None:
    return types[place] if place < len(types) else None


_BIGINT, _DOUBLE, _VARCHAR = named("bigint"), named("double"), named("varchar")

#: Functions → what they make of the types of their arguments. That of a lambda is the type of what it gives.
MADE: Mapping[str, Callable[[_Types], ValueType | None]] = {
    "array_agg": lambda types: array_of(_at(types, 0)),
    "repeat": lambda types: array_of(_at(types, 0)),
    "sequence": lambda types: array_of(common(types[:2])),
    "transform": lambda types: array_of(_at(types, 1)),
    "zip_with": lambda types: array_of(_at(types, 2)),
    "map_keys": lambda types: array_of(element(_at(types, 0))),
    "map_values": lambda types: array_of(element(_at(types, 0), 1)),
    **dict.fromkeys(("split", "regexp_extract_all", "regexp_split"), lambda _types: array_of(_VARCHAR)),
    **dict.fromkeys(("array_max", "array_min", "flatten"), lambda types: element(_at(types, 0))),
    "element_at": lambda types: element(_at(types, 0), len(found.inner) - 1) if (found := _at(types, 0)) else None,
    "map": lambda types: map_of(element(_at(types, 0)), element(_at(types, 1))),
    "map_agg": lambda types: map_of(_at(types, 0), _at(types, 1)),
    "multimap_agg": lambda types: map_of(_at(types, 0), array_of(_at(types, 1))),
    "histogram": lambda types: map_of(_at(types, 0), _BIGINT),
    "numeric_histogram": lambda _types: map_of(_DOUBLE, _DOUBLE),
    "split_to_map": lambda _types: map_of(_VARCHAR, _VARCHAR),
    "transform_keys": lambda types: map_of(_at(types, 1), element(_at(types, 0), 1)),
    "transform_values": lambda types: map_of(element(_at(types, 0)), _at(types, 1)),
}


@dataclass(frozen=True, slots=True)
class TakenFunction:
    """A function that stands as the argument of another one."""

    given: Callable[[_Types], _Types]
    """Finds the types of what it gets, from those of the arguments before it."""
    decides: bool = False
    """Whether it has to say yes or no."""


def _elements(types: _Types) -> _Types:
    return [element(_at(types, 0))]


def _entries(types: _Types) -> _Types:
    return [element(_at(types, 0)), element(_at(types, 0), 1)]


_DECIDES = ("filter", "any_match", "all_match", "none_match", "array_first", "array_last")

#: Functions that take others, and at which of their arguments.
TAKES: Mapping[str, Mapping[int, TakenFunction]] = {
    **{name: {1: TakenFunction(_elements, decides=True)} for name in _DECIDES},
    "transform": {1: TakenFunction(_elements)},
    "array_sort": {1: TakenFunction(lambda types: [element(_at(types, 0))] * 2)},
    "reduce": {2: TakenFunction(lambda types: [None, element(_at(types, 0))]), 3: TakenFunction(lambda _types: [None])},
    "reduce_agg": {
        2: TakenFunction(lambda types: [None, _at(types, 0)]),
        3: TakenFunction(lambda _types: [None, None]),
    },
    "zip_with": {2: TakenFunction(lambda types: [element(_at(types, 0)), element(_at(types, 1))])},
    "map_filter": {1: TakenFunction(_entries, decides=True)},
    **{name: {1: TakenFunction(_entries)} for name in ("transform_keys", "transform_values")},
    "map_zip_with": {2: TakenFunction(lambda types: [*_entries(types), element(_at(types, 1), 1)])},
    "regexp_replace": {2: TakenFunction(lambda _types: [array_of(_VARCHAR)])},
    "split_to_map": {3: TakenFunction(lambda _types: [_VARCHAR] * 3)},
}
