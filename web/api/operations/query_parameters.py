"""Says which parameters the API's requests take in their paths and queries; `query_strings.py` reads them."""

from __future__ import annotations

from dataclasses import dataclass

from forebay.governor.states import RunState
from forebay.web.api import query_strings as read
from forebay.web.api.end_watch import MOST_WAIT_S
from forebay.web.api.readings import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a path or a query string."""

    name: str
    schema: Facts
    """As JSON Schema has it, for the OpenAPI document."""
    text: str


def _number(name: str, least: int, most: int, default: int, text: str) -> Parameter:
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return Parameter(name=name, schema=schema, text=text)


def _text(name: str, text: str, **schema: object) -> Parameter:
    return Parameter(name=name, schema={"type": "string", **schema}, text=text)


_STATES = "|".join(RunState)
#: What is empty counts as not given, as a form of the page sends it.
_EMPTY: Facts = {"maxLength": 0}
_DAY: Facts = {"anyOf": [{"format": "date"}, _EMPTY]}
_MOMENT: Facts = {"anyOf": [{"format": "date"}, {"format": "date-time"}, _EMPTY]}
BATCHES = (
    _text("state", "a word of a batch's state"),
    _text("since", "accepted since a date or time", **_MOMENT),
    _text("q", "a part of their ids, or of where they came from"),
    _text("extract", "the definition that they are of"),
    _number("limit", 1, read.MOST_BATCHES, read.SOME_BATCHES, "how many at most"),
)
WAIT = (_number("wait", 0, MOST_WAIT_S, 0, "seconds to wait for its end, before the answer says how it stands"),)
RUNS = (
    _text("state", "states, with commas", pattern=f"^({_STATES})?(,({_STATES})?)*$"),
    _text("q", "a part of name or account"),
    _number("start", 0, 10**9, 0, "the position of the first, from 0"),
    _number("limit", 1, read.MOST_RUNS, read.SOME_RUNS, "how many at most"),
)
MANIFESTS = (
    _number("start", 0, 10**9, 0, "the position of the first run that is looked at, from 0"),
    _number("limit", 1, read.MOST_MANIFESTS, read.MOST_MANIFESTS, "how many runs are looked at"),
)
WINDOWS = (_number("windows", 1, read.MOST_WINDOWS, read.SOME_WINDOWS, "how many of the newest windows"),)
COSTS = (
    _text("by", "what sums are made for, with commas", pattern=read.BY_PATTERN, default="definition"),
    _text("since", "from this day (UTC) on; else 30 days before `until`", **_DAY),
    _text("until", "before this day (UTC)", **_DAY),
    _text("definition", "of this batch or extract only"),
    _text("connection", "of this connection only"),
    _text("account", "of this account only"),
    _number("limit", 1, read.MOST_COSTS, read.SOME_COSTS, "how many sums at most"),
)
DEEDS = (_number("limit", 1, read.MOST_DEEDS, read.SOME_DEEDS, "how many at most"),)
#: What stands in braces in paths.
IN_PATHS = {
    each.name: each
    for each in (
        _text("batch", "the id of a batch", minLength=1),
        _text("lane", "a lane, as acme:live", minLength=1),
        Parameter(
            name="index",
            schema={"type": "integer", "minimum": 0, "maximum": read.MOST_INDEX},
            text="of a run on its lane, from 0",
        ),
        _text("extract", "an extract of the spec", minLength=1),
        _text("window", "a date or a time that a window is in", minLength=1, format="date"),
        _text("account", "an account", minLength=1),
        _text("deed", "the name of something that was done", minLength=1),
    )
}
