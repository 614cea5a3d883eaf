"""Says what the API answers about lanes, extracts, accounts, costs and deeds."""

from __future__ import annotations

from typing import Any

from forebay.web.api.answers.answer import AnswerObject
from forebay.web.api.answers.batch_answers import CauseAnswer


class LaneAnswer(AnswerObject):
    """A lane."""

    lane: str
    cap: int
    limit: int
    margin: int
    held: int
    aside: int
    starting: int
    alive: int
    held_by_class: dict[str, int]
    held_by_batch: dict[str, int]
    reserves: dict[str, int]
    oldest_held: dict[str, Any] | None
    budgets_per_s: dict[str, float]
    refusals: dict[str, int]
    ends: dict[str, Any]
    closed: list[dict[str, Any]]
    paused: dict[str, Any] | None
    paused_batches: dict[str, str]
    audit: dict[str, int]
    unserved: int


class LaneWithHourAnswer(LaneAnswer):
    """A lane and its last hour."""

    last_hour: list[dict[str, Any]]
    """A sample each half minute in which it had work: `at`, `held`, `limit`, `cap`, and what was `refused`."""


class LanesAnswer(AnswerObject):
    """Lanes, and why nothing moves where nothing does."""

    lanes: list[LaneWithHourAnswer]
    causes: list[CauseAnswer]


class WindowAnswer(AnswerObject):
    """A window of an extract."""

    label: str
    start: str
    end: str
    state: str
    batch: str | None
    outcome: str | None
    ended_at: str | None
    told_late: bool
    gap: bool
    """A backfill can do something about it."""
    message: str | None = None


class OneWindowAnswer(WindowAnswer):
    """A window, and whose it is."""

    extract: str


class ExtractLineAnswer(AnswerObject):
    """An extract with its newest windows."""

    extract: str
    paused: str | None
    gaps: int
    next: str | None
    coverage: dict[str, int] | None
    landed_until: str | None
    """The end of the newest of these windows that has landed."""
    promised_until: str | None
    """The end of the newest that should have by now."""
    behind: bool
    windows: list[WindowAnswer]


class ExtractAnswer(ExtractLineAnswer):
    """An extract, its windows and gaps."""

    when: str
    every: str
    """How time is cut: a period (`1d`) or a cron line, by the clock of the time zone."""
    time_zone: str
    first_start: str
    """Where the first window begins."""
    late_after: str | None
    """A period after a window's end; one that has not landed by then is late."""
    checks: list[str]
    """What the spec has checked of results: `columns`, `rows`, `tie_out`."""
    data_until: str | None
    gap_ranges: list[dict[str, Any]]


class ExtractsAnswer(AnswerObject):
    """Extracts, and those that the spec has no more."""

    extracts: list[ExtractLineAnswer]
    removed: list[dict[str, Any]]


class AttentionAnswer(AnswerObject):
    """Something that needs a person."""

    kind: str
    message: str
    detail: str | None
    next: str | None
    batch: str | None
    extract: str | None
    lane: str | None


class TodayAnswer(AnswerObject):
    """What needs a person, and a line for each extract and lane."""

    attention: list[AttentionAnswer]
    cut: bool
    """There were more batches than are looked at."""
    extracts: list[ExtractLineAnswer]
    lanes: list[LaneAnswer]


class AccountsAnswer(AnswerObject):
    """How accounts stand in the newest window of each extract that came to an end."""

    accounts: list[dict[str, Any]]


class AccountAnswer(AnswerObject):
    """How an account stood in the newest windows of each extract."""

    account: str
    extracts: list[dict[str, Any]]


class CostAnswer(AnswerObject):
    """What was spent; beside it stand the names that the sum is made for."""

    runs: int
    failed: int
    canceled: int
    repeats: int
    shared: int
    unknown: int
    rows: int
    bytes: int
    seconds: float
    cost: str | None
    """A decimal number, as text."""
    currency: str | None
    unpriced: int


class CostsAnswer(AnswerObject):
    """What was spent on some days."""

    since: str
    until: str
    costs: list[CostAnswer]
    total: CostAnswer
    more: bool


class DeedAnswer(AnswerObject):
    """What somebody did."""

    deed: str
    at: str
    by: str
    known_by: str
    act: str
    target: str
    asked: dict[str, str]
    why: str
    came: str | None
    done: bool


class WholeDeedAnswer(DeedAnswer):
    """What somebody did, and how far it is."""

    going_on: bool
    """It goes on by itself, and is not over."""
    windows: dict[str, Any] | None
    """Of a backfill: how many windows are `left`, `running`, `filled` and `failed`, and the newest of them."""
    batch: dict[str, Any] | None
    """How the batch stands now to which it was done."""


class DeedsAnswer(AnswerObject):
    """What was done, newest first."""

    deeds: list[DeedAnswer]


class OutlookAnswer(AnswerObject):
    """What an act comes to, of which nothing was done."""

    title: str
    runs: int | None
    sentences: list[str]
    nothing: bool
