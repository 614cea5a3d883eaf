"""Holds what the client gives of all else than batches: acts, extracts, lanes, costs; frozen and pure as those.

Each keeps all that came under `facts`, since a server may say more than this release knows by name (docs/web.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from forebay_client.batch_results import Facts, read_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What was done, as the ledger keeps it."""

    id: str
    act: str
    target: str
    by: str
    why: str
    came: str
    """What came of it, in a sentence; empty as long as it goes on."""
    done: bool
    """It was done as it was asked."""
    going_on: bool
    """A backfill that is not over; `facts["windows"]` says how far it is."""
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, facts: Facts) -> Deed:
        """Reads it."""
        return cls(
            id=facts["deed"],
            act=facts["act"],
            target=facts["target"],
            by=facts["by"],
            why=facts.get("why") or "",
            came=facts.get("came") or "",
            done=facts["done"],
            going_on=facts["going_on"],
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What something comes to, before it is done."""

    title: str
    runs: int | None
    sentences: tuple[str, ...]
    nothing: bool
    """There is nothing to do."""

    @classmethod
    def of(cls, facts: Facts) -> Outlook:
        """Reads it."""
        return cls(
            title=facts["title"],
            runs=facts.get("runs"),
            sentences=tuple(facts.get("sentences") or ()),
            nothing=facts["nothing"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """How a window of an extract stood."""

    label: str
    """As `window=` takes it: 2026-11-26."""
    start: datetime
    end: datetime
    state: str
    """`landed`, `partial`, `failed`, `missing`, `late`, `running`, `waiting`, …"""
    batch: str | None
    outcome: str | None
    gap: bool
    """A backfill can do something about it."""
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, facts: Facts) -> WindowState:
        """Reads it."""
        return cls(
            label=facts.get("label") or facts.get("window") or "",
            start=read_moment(facts["start"]),
            end=read_moment(facts["end"]),
            state=facts["state"],
            batch=facts.get("batch"),
            outcome=facts.get("outcome"),
            gap=facts["gap"],
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCadence:
    """How an extract's time is cut into windows, and when one of them is late."""

    every: str
    """A period (`1h`, `1d`, `2w`, `1mo`) or a cron line, by the clock of `time_zone`."""
    time_zone: str
    first_start: datetime
    """Where the first window begins."""
    late_after: str | None
    """A period after a window's end; None where none is ever late."""

    @classmethod
    def of(cls, facts: Facts) -> WindowCadence:
        """Reads it."""
        return cls(
            every=facts["every"],
            time_zone=facts["time_zone"],
            first_start=read_moment(facts["first_start"]),
            late_after=facts.get("late_after"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractState:
    """How an extract stood, with its newest windows, newest first."""

    name: str
    paused: str | None
    gaps: int
    windows: tuple[WindowState, ...]
    cadence: WindowCadence | None
    """How its time is cut into windows; None in a list of extracts."""
    checks: tuple[str, ...]
    """What the spec has checked of results: `columns`, `rows`, `tie_out`; empty in a list of extracts."""
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, facts: Facts) -> ExtractState:
        """Reads it."""
        return cls(
            name=facts["extract"],
            paused=facts.get("paused"),
            gaps=facts["gaps"],
            windows=tuple(WindowState.of(each) for each in facts["windows"]),
            cadence=WindowCadence.of(facts) if facts.get("every") else None,
            checks=tuple(facts.get("checks") or ()),
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """How a lane stood: the slots of one account or organization at Stripe."""

    lane: str
    cap: int
    limit: int
    held: int
    alive: int
    paused: str | None
    closed: tuple[str, ...]
    """Why it sends less for a while: `cap`, `auth`, `permission`, `create`, `retrieve`."""
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, facts: Facts) -> LaneState:
        """Reads it."""
        paused = facts.get("paused")
        return cls(
            lane=facts["lane"],
            cap=facts["cap"],
            limit=facts["limit"],
            held=facts["held"],
            alive=facts["alive"],
            paused=paused["reason"] if paused else None,
            closed=tuple(gate["gate"] for gate in facts.get("closed") or ()),
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What was spent, of a definition, connection, account or day, or in all."""

    of: Mapping[str, str | None]
    """What it is the sum of; empty for all."""
    runs: int
    failed: int
    bytes: int
    seconds: float
    cost: Decimal | None
    """None where no price of the spec holds."""
    currency: str | None
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def read(cls, keys: tuple[str, ...], facts: Facts) -> CostLine:
        """Reads one whose sum is by these."""
        cost = facts.get("cost")
        return cls(
            of={key: facts.get(key) for key in keys},
            runs=facts["runs"],
            failed=facts["failed"],
            bytes=facts["bytes"],
            seconds=facts["seconds"],
            cost=None if cost is None else Decimal(str(cost)),
            currency=facts.get("currency"),
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was spent in some days (UTC)."""

    since: str
    until: str
    lines: tuple[CostLine, ...]
    total: CostLine

    @classmethod
    def of(cls, keys: tuple[str, ...], facts: Facts) -> Costs:
        """Reads it."""
        return cls(
            since=facts["since"],
            until=facts["until"],
            lines=tuple(CostLine.read(keys, each) for each in facts["costs"]),
            total=CostLine.read((), facts["total"]),
        )
