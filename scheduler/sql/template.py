"""Renders SQL with names in it: `{{ window.start }}` becomes a Trino literal of the value's type, and nothing else.

Used by `scheduler/definitions/expand.py` for each item of a definition. No value can leave its place: a placeholder
inside of quotes or of a comment is an error, and so is one that touches a word, a number or a quote, where two tokens
would become one (`U&{{ x }}`, `'a'{{ x }}`). `{{ x | date }}` gives the day of a moment; `{{ x | raw }}` inserts text
as it is, whole tokens only, for table and column names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forebay.config.near_miss import did_you_mean
from forebay.scheduler.errors import TemplateError
from forebay.scheduler.sql.literals import check_text, date_literal, literal

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*(?:\|\s*(\w+)\s*)?\}\}", re.ASCII)
FILTERS = ("raw", "date")
#: What is meant as a placeholder where none can be; `'%{{%'` and its like are text.
_BRACES = re.compile(r"\{\{[^{}]*\}\}")

#: What begins a stretch of text that is no code, what ends it, and what people call it: Trino's lexical rules. A
#: doubled quote reads as an end and a new beginning, which comes to the same.
_OPENING = re.compile(r"\{\{|--|/\*|\$\$|['\"`]")
_CLOSING = {"'": "'", '"': '"', "`": "`", "$$": "$$", "/*": "*/", "--": "\n"}
_CALLED = {
    "'": "a string",
    '"': "a quoted name",
    "`": "a quoted name",
    "$$": "a string",
    "/*": "a comment",
    "--": "a comment",
}
#: What may touch a literal: nothing that could become one token with it.
_BEFORE = frozenset(" \t\r\n(,=<>+-*/%|[")
_AFTER = frozenset(" \t\r\n),;=<>+-*/%|]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{ name | filter }}`."""

    name: str
    filter: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Template:
    """SQL that was read: text, placeholder, text, …"""

    origin: str
    parts: tuple[str | Placeholder, ...]

    @property
    def names(self) -> frozenset[str]:
        """Lists the dotted names that it needs values for."""
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder))

    @property
    def inserts_raw(self) -> bool:
        """Tells whether a value may become more than a literal."""
        return any(isinstance(part, Placeholder) and part.filter == "raw" for part in self.parts)

    def render(self, values: Mapping[str, object]) -> str:
        """Renders the SQL. Raises `TemplateError` for a name without a value, and for a value that has no literal."""
        rendered: list[str] = []
        for at, part in enumerate(self.parts):
            if isinstance(part, str):
                rendered.append(part)
                continue
            after = self.parts[at + 1] if at + 1 < len(self.parts) else ""
            before = rendered[-1][-1:] if rendered else ""
            rendered.append(self._value(part, values, before, after[:1] if isinstance(after, str) else ""))
        return "".join(rendered)

    def _value(self, place: Placeholder, values: Mapping[str, object], before: str, after: str) -> str:
        if place.name not in values:
            hint = did_you_mean(place.name, sorted(values)) if values else ""
            raise TemplateError(self.origin, place.line, f"there is no value '{place.name}'{hint}")
        value = values[place.name]
        try:
            if place.filter == "raw":
                return _raw(value, before, after)
            return date_literal(value) if place.filter == "date" else literal(value)
        except ValueError as error:
            raise TemplateError(self.origin, place.line, f"'{place.name}' {error}") from None


def parse(text: str, *, origin: str, first_line: int = 1) -> Template:
    """Reads SQL; its first line is line `first_line` of `origin`. Raises `TemplateError`, which names the line."""

    def wrong(position: int, why: str) -> TemplateError:
        return TemplateError(origin, first_line + text.count("\n", 0, position), why)

    parts: list[str | Placeholder] = []
    copied = 0
    try:
        for start, end in _placeholders(text):
            match = _PLACEHOLDER.fullmatch(text, start, end)
            if match is None:
                raise _Wrong(
                    start, f"'{_short(text[start:end])}' is none of {{{{ name }}}} and {{{{ name | filter }}}}"
                )
            name, chosen = match.groups()
            if chosen not in (None, *FILTERS):
                raise _Wrong(start, f"there is no filter '{chosen}'{did_you_mean(chosen, list(FILTERS))}")
            if chosen != "raw":
                _check_neighbours(text, start, end)
            if copied < start:
                parts.append(text[copied:start])
            parts.append(Placeholder(name, chosen, first_line + text.count("\n", 0, start)))
            copied = end
    except _Wrong as error:
        raise wrong(error.position, error.why) from None
    if copied < len(text):
        parts.append(text[copied:])
    return Template(origin, tuple(parts))


class _Wrong(Exception):
    def __init__(self, position: int, why: str) -> None:
        super().__init__(why)
        self.position = position
        self.why = why


def _placeholders(text: str) -> Iterator[tuple[int, int]]:
    """Finds where placeholders stand in code. Raises `_Wrong` for one anywhere else, and for what is never closed."""
    at = 0
    while opening := _OPENING.search(text, at):
        start, opened = opening.start(), opening.group()
        if opened == "{{":
            at = text.find("}}", start) + 2
            if at < 2 or "{{" in text[start + 2 : at]:
                raise _Wrong(start, "'{{' is never closed by '}}'")
            yield start, at
        else:
            at = _skip(text, start, opened)


def _skip(text: str, start: int, opened: str) -> int:
    """Finds the end of a string, a quoted name or a comment."""
    closing, called = _CLOSING[opened], _CALLED[opened]
    end = text.find(closing, start + len(opened))
    if end < 0:
        if opened != "--":
            raise _Wrong(start, f"{called} that begins here with {opened} is never closed")
        end = len(text)
    inside = text[start:end]
    if braces := _BRACES.search(inside):
        within = f"stands inside of {called}" + (" that begins on an earlier line" if "\n" in inside else "")
        advice = "take its braces off" if called == "a comment" else "it brings its own quotes; join texts with ||"
        raise _Wrong(start + braces.start(), f"a placeholder {within}; {advice}")
    if opened == "--" and "\r" in inside.removesuffix("\r"):
        # Trino ends the comment there, other readers don't: where code begins would be a matter of opinion.
        raise _Wrong(start, "a comment has a carriage return in its midst")
    return min(len(text), end + len(closing))


def _check_neighbours(text: str, start: int, end: int) -> None:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and before not in _BEFORE:
        raise _Wrong(start, f"a placeholder touches {before!r} before it; put a blank between, or join texts with ||")
    if after and after not in _AFTER:
        raise _Wrong(start, f"a placeholder touches {after!r} after it; put a blank between, or join texts with ||")


def _raw(value: object, before: str, after: str) -> str:
    """Gives text as it is, if it is whole tokens, and makes none with its neighbours. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("is no text, and only text may be inserted raw")
    check_text(value)
    if not value.strip():
        raise ValueError("is blank, and would be inserted raw")
    try:
        if any(True for _ in _placeholders(value)) or "--" in value:
            raise ValueError("has {{ or -- in it, and would be inserted raw")
    except _Wrong as error:
        raise ValueError(f"cannot be inserted raw: {error.why}") from None
    for pair in (before + value[0], value[-1] + after):
        if pair in ("--", "/*", "*/", "''", '""', "``", "$$", "{{"):
            raise ValueError(f"would be inserted raw, and make {pair} with what stands beside it")
    return value


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 40 else f"{line[:39]}…"
