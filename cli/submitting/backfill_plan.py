"""Says what a backfill would come to, before anything is spent: its gaps, their runs, the time and the cost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from forebay.cli.output import words
from forebay.cli.submitting.planned import expected_cost
from forebay.scheduler.batches.budgets import taken
from forebay.scheduler.batches.history import PastBatches
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.definitions.estimate import Estimate, estimate
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.extracts.gaps import Act, Gap
from forebay.scheduler.windows.calendar import Calendar, label
from forebay.store.ledger.ledger import Ledger

#: From so many on a person is asked before anything is run: it can be left, and not be taken back.
MANY_RUNS, MANY_WINDOWS = 100, 20
_MOST_LANES = 3

_DONE = {Act.SUBMIT: "run", Act.RETRY: "retried", Act.REPEAT: "repeated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """What is to be filled."""

    extract: str
    windows: int
    """Those that were asked for."""
    gaps: Sequence[Gap]
    runs: int
    lanes: tuple[str, ...]
    estimate: Estimate
    cost: Decimal | None
    """What the runs would cost today, where that is known."""
    currency: str | None
    left_today: int | None = None
    """Runs that the budget of today has left; None where nothing bounds it."""

    @property
    def is_large(self) -> bool:
        """Tells whether somebody should be asked first."""
        return self.runs > MANY_RUNS or len(self.gaps) > MANY_WINDOWS

    def lines(self, again: str = "the same command") -> Iterator[str]:
        """Tells it to people; `again` goes on with what is left on another day."""
        acts = Counter(gap.act for gap in self.gaps)
        done = ", ".join(f"{count} {_DONE[act]}" for act, count in acts.items())
        yield f"{words.counted(len(self.gaps), 'window')} to fill, of {self.windows:,} ({done})"
        more = " …" if len(self.lanes) > _MOST_LANES else ""
        yield f"  runs      {self.runs:,} on {', '.join(self.lanes[:_MOST_LANES])}{more}, class backfill"
        about = words.duration(max(1, self.estimate.seconds))
        at_best = f"{about} at best" if self.estimate.run_s else f"at least {about}"
        yield f"  time      {at_best}, bound by {self.estimate.bound}"
        if self.left_today is not None and self.left_today < self.runs:
            left = words.runs(self.left_today)
            yield f"  budget    {left} left today (UTC): {again} goes on with the others on another day"
        if self.cost is not None:
            yield f"  cost      about {words.money(self.cost, self.currency)}"
        elif self.currency:
            yield "  cost      unknown: no price holds today, or it goes by what runs come to, and none has landed"

    def facts(self) -> dict[str, Any]:
        """Names it for scripts."""
        return {
            "windows": self.windows,
            "gaps": len(self.gaps),
            "runs": self.runs,
            "estimate_s": round(self.estimate.seconds, 1),
            "left_today": self.left_today,
            "cost": self.cost,
            "currency": self.currency,
        }


def gap_facts(gap: Gap, calendar: Calendar) -> dict[str, Any]:
    """Names one gap, and how it is filled."""
    return {"window": label(gap.window, calendar.zone), "act": gap.act.value, "batch": gap.batch}


def plan_backfill(
    ledger: Ledger,
    extract: str,
    windows: int,
    gaps: Sequence[Gap],
    expansion: Expansion,
    *,
    past: PastBatches | None,
    prices: Prices,
) -> BackfillPlan:
    """Counts what the gaps come to; `expansion` is that of one of them, since each has the same items."""
    anew = sum(gap.act is not Act.RETRY for gap in gaps)
    retried = sum(_failed(ledger, gap) for gap in gaps if gap.act is Act.RETRY)
    lanes = {lane: max(1, runs * anew) for lane, runs in expansion.lanes.items()}
    runs = expansion.size * anew + retried
    return BackfillPlan(
        extract=extract,
        windows=windows,
        gaps=gaps,
        runs=runs,
        lanes=tuple(lanes),
        estimate=estimate(lanes, expansion.connection, past.run_s if past else None),
        cost=expected_cost(prices, expansion.connection.name, runs, past),
        currency=prices.currency,
        left_today=_left_today(ledger, expansion),
    )


def _left_today(ledger: Ledger, expansion: Expansion) -> int | None:
    if expansion.bound is None:
        return None
    return max(0, expansion.bound.runs - taken(ledger.spent, expansion.policy.names, datetime.now(UTC).date()))


def _failed(ledger: Ledger, gap: Gap) -> int:
    closing = ledger.closing(gap.batch) if gap.batch else None
    return closing.failed if closing else 0
