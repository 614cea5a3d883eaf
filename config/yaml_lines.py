"""Reads YAML with line numbers, so that every complaint about the spec file can say where.

Called by `config/document/load_spec.py`.

PyYAML's composer gives nodes with positions; they become plain values here, without PyYAML's constructors, so
nothing in a file can build an object. Scalars follow the YAML 1.2 core rules: `on`, `yes`, `1:30` and dates are
text, where YAML 1.1 would turn them into something nobody wrote. Two things of YAML are refused: keys that stand
twice (the later one would win in silence) and aliases (a few lines of them can expand without bound).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from forebay.config.errors import Problem, SpecError

Location = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"

#: What PyYAML says → what its reader has to do.
_PLAINLY = {
    r"found character '\t' that cannot start any token": "a tab stands here; YAML is indented with blanks",
    "but found another document": "a second document begins here (---); the spec is one",
    "mapping values are not allowed here": (
        "a ': ' is not expected here; put text that has one in quotes, or give the line above its own"
    ),
}
_BRACKETS = {"while parsing a flow mapping": ("{", "}"), "while parsing a flow sequence": ("[", "]")}


class _Composer(yaml.SafeLoader):
    """SafeLoader's syntax with the resolvers of YAML 1.2; only its nodes are used, never its constructors."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own API

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # the stubs leave it bare
            raise _refused(event.start_mark, "aliases (*) are not supported")
        return super().compose_node(parent, index)


_Composer.add_implicit_resolver(f"{_TAG}null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Composer.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
# A leading zero is left as text: 010 is ten to YAML 1.2, eight to YAML 1.1, and a typing error to most people.
_Composer.add_implicit_resolver(f"{_TAG}int", re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,17})$"), list("-+0123456789"))
_Composer.add_implicit_resolver(
    f"{_TAG}float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$|^[-+]?[0-9]+[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as plain values, with the line of each."""

    path: Path
    value: Any
    lines: Mapping[Location, int]
    """For a key's value: the line of the key."""

    def line_of(self, location: Location) -> int:
        """Finds the line of `location`, or of the nearest thing around it that stands in the file."""
        while location not in self.lines and location:
            location = location[:-1]
        return self.lines.get(location, 1)

    def value_at(self, location: Location) -> Any:
        """Gives what stands there; None where nothing does."""
        value = self.value
        for part in location:
            inside = isinstance(value, dict) or (isinstance(value, list) and isinstance(part, int))
            try:
                value = value[part] if inside else None
            except LookupError:
                return None
        return value

    def error(self, location: Location, text: str) -> SpecError:
        """Makes the error that says `text` of what stands there."""
        return SpecError(self.path, (Problem(line=self.line_of(location), text=text),))


def read_yaml(text: str, path: Path) -> Document:
    """Composes `text`; `path` is for messages. Raises SpecError, which never quotes the file's content."""
    lines: dict[Location, int] = {}
    try:
        node = yaml.compose(text, Loader=_Composer)
        value = None if node is None else _value(node, (), lines)
    except yaml.MarkedYAMLError as exc:
        # Not `from exc`: its text quotes the line, and a key may stand on it.
        raise SpecError(path, (_problem(exc),)) from None
    except yaml.YAMLError:
        raise SpecError(path, (Problem(line=1, text="the file holds characters that YAML doesn't allow"),)) from None
    except RecursionError:
        raise SpecError(path, (Problem(line=1, text="the file is nested too deeply"),)) from None
    return Document(path=path, value=value, lines=lines)


def _problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    return Problem(line=mark.line + 1 if mark else 1, text=_plainly(error))


def _plainly(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "this is not YAML"
    if problem.startswith("expected <block end>"):
        return "this line does not fit those above it: its indentation is another, or a ':' is missing before it"
    if problem.startswith("expected ',' or") and error.context in _BRACKETS and error.context_mark:
        opening, closing = _BRACKETS[error.context]
        line = error.context_mark.line + 1
        return f"a ',' or a '{closing}' is missing before this; the '{opening}' is on line {line}"
    return _PLAINLY.get(problem, problem)


def _value(node: yaml.Node, location: Location, lines: dict[Location, int]) -> Any:
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        return _mapping(node, location, lines)
    if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        return [_value(item, (*location, index), lines) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    raise _refused(node.start_mark, "tags (!) are not supported")


def _mapping(node: yaml.MappingNode, location: Location, lines: dict[Location, int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{_TAG}str":
            raise _refused(key_node.start_mark, "a key must be plain text; put it in quotes if it looks like a number")
        key = key_node.value
        inside = (*location, key)
        if key in values:
            raise _refused(
                key_node.start_mark, f"the key '{key}' stands here a second time; first on line {lines[inside]}"
            )
        lines[inside] = key_node.start_mark.line + 1
        values[key] = _value(value_node, inside, lines)
    return values


def _scalar(node: yaml.ScalarNode) -> object:
    text: str = node.value
    match node.tag.removeprefix(_TAG):
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text)
        case "float":
            return float(text)
    raise _refused(node.start_mark, "tags (!) are not supported")


def _refused(mark: yaml.Mark, why: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=why, problem_mark=mark)
