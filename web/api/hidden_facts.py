"""Takes out of a reading what not everybody may see: SQL texts, and where objects lie. Pure.

By the names of fields first; then out of all other texts, since messages of others quote both: of a destination that
refuses, of an engine that does not know a column.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from forebay.config.document.web_access import Hidden
from forebay.store.ledger.failures import FailureClass
from forebay.web.api.readings import RequestProblem

#: What stands for a part of a text that is hidden.
INSTEAD = "(hidden)"
#: What is hidden where it stands: a field by its name, or by its name in another one.
_FIELDS = {
    Hidden.SQL: {"sql"},
    Hidden.URLS: {"result", "manifest", "output", "places", "object.key", "object.url", "replaces"},
}
#: A URL, or a path of this machine: a destination may be a folder. `acct_1/fees` names a run, and begins with none.
_PLACE = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+|(?<![\w.:/-])/[\w.@+-]+(?:/[\w.@+-]+)+")
#: What a failure of the text is told by, where class and message are one line.
_OF_TEXT = f"{FailureClass.SQL}: "
#: Shorter ones are words that mean other things, too.
_LEAST_LETTERS = 8


def without_hidden(facts: Any, hidden: Collection[Hidden]) -> Any:
    """Gives a reading without them, at whatever depth: what is hidden is null, so that nobody takes it for absent."""
    if not hidden:
        return facts
    names = set().union(*(_FIELDS[each] for each in hidden))
    return _without(facts, names, _Texts(hidden, set(_values(facts, names))))


def problem_without_hidden(problem: RequestProblem, hidden: Collection[Hidden]) -> RequestProblem:
    """Gives what is said of an error without them."""
    texts = _Texts(hidden, ())
    return replace(problem, message=texts.without(problem.message), way_out=texts.without(problem.way_out))


class _Texts:
    """Takes what is hidden out of texts."""

    def __init__(self, hidden: Collection[Hidden], known: Collection[str]) -> None:
        self.sql = Hidden.SQL in hidden
        self._urls = Hidden.URLS in hidden
        self._known = sorted((each for each in known if len(each) >= _LEAST_LETTERS), key=len, reverse=True)

    def without(self, text: str) -> str:
        if self.sql and text.startswith(_OF_TEXT):
            return _OF_TEXT + INSTEAD
        for each in self._known:
            text = text.replace(each, INSTEAD)
        return _PLACE.sub(INSTEAD, text) if self._urls else text


def _values(facts: Any, names: set[str], within: str = "") -> Iterator[str]:
    """Yields the texts that stand in fields of these names."""
    if isinstance(facts, dict):
        for name, value in facts.items():
            yield from _leaves(value) if _is_hidden(name, names, within) else _values(value, names, name)
    elif isinstance(facts, list | tuple):
        for each in facts:
            yield from _values(each, names, within)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)


def _is_hidden(name: str, names: set[str], within: str) -> bool:
    return name in names or f"{within}.{name}" in names


def _without(facts: Any, names: set[str], texts: _Texts, within: str = "") -> Any:
    if isinstance(facts, dict):
        left = {
            name: None if _is_hidden(name, names, within) else _without(value, names, texts, name)
            for name, value in facts.items()
        }
        of_text = FailureClass.SQL in (left.get("class"), left.get("error_class"))
        return {**left, "message": INSTEAD} if texts.sql and of_text and left.get("message") else left
    if isinstance(facts, list | tuple):
        return [_without(each, names, texts, within) for each in facts]
    return texts.without(facts) if type(facts) is str else facts
