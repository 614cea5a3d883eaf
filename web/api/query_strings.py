"""Reads what a query string asks for, or a path, and refuses in one sentence what it does not know. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime

from starlette.datastructures import QueryParams

from forebay.config.near_miss import did_you_mean
from forebay.governor.states import RunState
from forebay.web.api.end_watch import MOST_WAIT_S
from forebay.web.api.readings import BatchesWanted, CostsWanted, RunsWanted
from forebay.web.errors import NothingThere, NotUnderstood

MOST_BATCHES, MOST_RUNS, MOST_WINDOWS, MOST_COSTS, MOST_DEEDS = 200, 500, 1_000, 1_000, 500
SOME_BATCHES, SOME_RUNS, SOME_WINDOWS, SOME_COSTS, SOME_DEEDS = 50, 100, 60, 50, 100
MOST_INDEX = 10**11 - 1
#: Each is an object to be read.
MOST_MANIFESTS = 100
#: What costs are summed by, as the commands have it.
_BYS = ("day", "definition", "connection", "account")
BY_PATTERN = f"^({'|'.join(_BYS)})?(,({'|'.join(_BYS)})?)*$"


def batches_wanted(given: QueryParams) -> BatchesWanted:
    """Reads `state`, `since`, `q`, `extract` and `limit`. Raises `NotUnderstood`."""
    refuse_others(given, "state", "since", "q", "extract", "limit")
    return BatchesWanted(
        limit=number(given, "limit", SOME_BATCHES, 1, MOST_BATCHES),
        state=given.get("state", "").replace(" ", "_"),
        since=_moment(given.get("since", "")),
        text=given.get("q", ""),
        extract=given.get("extract", ""),
    )


def runs_wanted(given: QueryParams) -> RunsWanted:
    """Reads `state`, which may stand several times, `q`, `start` and `limit`. Raises `NotUnderstood`."""
    refuse_others(given, "state", "q", "start", "limit")
    return RunsWanted(
        start=number(given, "start", 0, 0, 10**9),
        limit=number(given, "limit", SOME_RUNS, 1, MOST_RUNS),
        states=frozenset(_state(word) for text in given.getlist("state") for word in text.split(",") if word),
        text=given.get("q", ""),
    )


def windows_wanted(given: QueryParams) -> int:
    """Reads `windows`. Raises `NotUnderstood`."""
    refuse_others(given, "windows")
    return number(given, "windows", SOME_WINDOWS, 1, MOST_WINDOWS)


def wait_wanted(given: QueryParams) -> int:
    """Reads `wait`, in seconds. Raises `NotUnderstood`."""
    refuse_others(given, "wait")
    return number(given, "wait", 0, 0, MOST_WAIT_S)


def manifests_wanted(given: QueryParams) -> tuple[int, int]:
    """Reads `start` and `limit`. Raises `NotUnderstood`."""
    refuse_others(given, "start", "limit")
    return number(given, "start", 0, 0, 10**9), number(given, "limit", MOST_MANIFESTS, 1, MOST_MANIFESTS)


def deeds_wanted(given: QueryParams) -> int:
    """Reads `limit`. Raises `NotUnderstood`."""
    refuse_others(given, "limit")
    return number(given, "limit", SOME_DEEDS, 1, MOST_DEEDS)


def costs_wanted(given: QueryParams) -> CostsWanted:
    """Reads `by`, days, names and `limit`. Raises `NotUnderstood`."""
    refuse_others(given, "by", "since", "until", "definition", "connection", "account", "limit")
    by = [word for text in given.getlist("by") for word in text.split(",") if word]
    for word in by:
        if word not in _BYS:
            raise NotUnderstood(f"costs are not summed by '{word}'{did_you_mean(word, _BYS)}")
    return CostsWanted(
        by=tuple(by),
        since=_day(given, "since"),
        until=_day(given, "until"),
        names={name: given[name] for name in ("definition", "connection", "account") if name in given},
        limit=number(given, "limit", SOME_COSTS, 1, MOST_COSTS),
    )


def run_index(text: str) -> int:
    """Reads the index of a run out of a path. Raises `NothingThere`."""
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise NothingThere(f"there is no run {text[:12]!r}")
    return int(text)


def refuse_others(given: QueryParams, *known: str) -> None:
    """Raises `NotUnderstood` for a parameter that nobody reads: a filter that is passed over would show too much."""
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) if known else ", and none is read here"
            raise NotUnderstood(f"there is no parameter '{name}'{hint}")


def number(given: QueryParams, name: str, default: int, least: int, most: int) -> int:
    """Reads a whole number within its bounds. Raises `NotUnderstood`."""
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise NotUnderstood(f"{name} is a whole number from {least:,} to {most:,}")
    return int(text)


def _state(word: str) -> RunState:
    try:
        return RunState(word)
    except ValueError:
        raise NotUnderstood(f"'{word}' is no state of a run{did_you_mean(word, RunState)}") from None


def _day(given: QueryParams, name: str) -> date | None:
    text = given.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NotUnderstood(f"{name} is a day such as 2026-11-01") from None


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotUnderstood("since is a date or a time such as 2026-11-01 or 2026-11-01T07:00Z") from None
