"""Shows how the ends of a lane's runs come to be known: by looks, by the list of events, by webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from forebay.governor.contract import EndPath
from forebay.governor.durations import Durations

#: Ends of which none was told, until a feed counts as one of no use.
ENOUGH_SILENCE = 10
#: A feed that misses more than this part saves next to nothing.
MOST_MISSING = 0.5
#: An end that was not told of for so long counts as missed, for people and for whether to ask the list at all: after a
#: volley of ends their events are on their way.
OVERDUE_MS = 10_000
#: How ends were known counts so many times more: two ways that are alike would take turns all the time.
_STANDING = 1.5
#: Webhooks that brought nothing for so long, while runs ended, are asked no more.
WEBHOOKS_GOOD_FOR_S = 300.0
#: Of so many ends webhooks have to tell first. Where they lose more, the list is asked as if there were none.
ENOUGH_BY_WEBHOOKS = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """What was told of a lane's ends, lately: older ends count less."""

    alive: int
    """Runs that run at Stripe."""
    mean_s: float | None
    """How long the lane's queries take; None before enough have ended."""
    told: float = 0.0
    missed: float = 0.0
    overdue: int = 0
    """Ends of the last minute that looks saw, and whose events should have come."""
    delay_s: float | None = None
    """From an end to its event; None where Stripe's clock does not tell."""
    lags_s: Mapping[EndPath, float] = field(default_factory=dict)
    """By the path that was first: from an end, by Stripe's clock, to its freed slot."""
    told_by: Mapping[EndPath, float] = field(default_factory=dict)
    """How many ends each of these was the first to tell of, before a look saw them or after."""
    heard_s: Mapping[EndPath, float] = field(default_factory=dict)
    """Since each of these brought an event last."""
    trouble: str = ""
    """Why it was not."""
    sweep: str = ""
    """Where the sweep stands."""
    observed: str = EndPath.LOOKS
    """How ends came to be known when the list was asked last; a newer release may have a word of its own for it."""
    oldest_s: float = 0.0
    """Since the grant of the slot that is held longest."""
    several: int = 0
    """The most runs at once since one was alone; of these it may be who is left. None: it was alone from the first."""

    @property
    def told_share(self) -> float | None:
        """Says which part of the ends events told of; None where nothing ended. The plan of looks trusts less."""
        return self.told / self._ends if self._ends else None

    @property
    def _ends(self) -> float:
        return self.told + self.missed + self.overdue

    @property
    def is_of_no_use(self) -> bool:
        """Says that ends come, and events do not tell of most of them."""
        return self._tells_of_less_than(1 - MOST_MISSING)

    def _tells_of_less_than(self, share: float) -> bool:
        return self._ends >= ENOUGH_SILENCE and self.told < share * self._ends

    @property
    def _hears_webhooks(self) -> bool:
        heard_s = self.heard_s.get(EndPath.WEBHOOKS)
        return heard_s is not None and heard_s < WEBHOOKS_GOOD_FOR_S and not self.is_of_no_use

    @property
    def tells_by_webhooks(self) -> bool:
        """Says that webhooks bring nearly all ends, so that the list only has to find what they lose."""
        by_webhooks, lost = self.told_by.get(EndPath.WEBHOOKS, 0.0), self.missed + self.overdue
        ends = by_webhooks + self.told_by.get(EndPath.EVENTS, 0.0) + lost
        return self._hears_webhooks and by_webhooks >= ENOUGH_BY_WEBHOOKS * ends

    @property
    def path(self) -> EndPath:
        """Names how ends come to be known now, mostly: as it was observed before, where that is not clearly over."""
        by_webhooks, by_list = (
            self.told_by.get(path, 0.0) * (_STANDING if path == self.observed else 1.0)
            for path in (EndPath.WEBHOOKS, EndPath.EVENTS)
        )
        if self.observed == EndPath.LOOKS and self._tells_of_less_than(1 - MOST_MISSING / _STANDING):
            return EndPath.LOOKS
        if self._hears_webhooks and by_webhooks >= by_list:
            return EndPath.WEBHOOKS
        if self.told and not self.trouble and not self.is_of_no_use:
            return EndPath.EVENTS
        return EndPath.LOOKS


def read_feed(
    fields: Mapping[str, str],
    unheard_ms: Sequence[int],
    alive: int,
    durations: Durations | None,
    now_ms: int,
    oldest_ms: int | None = None,
) -> FeedView:
    """Reads the hash `LaneKeys.feed` at this moment of Redis's clock, when each unheard end was seen, and when the slot
    was granted that is held longest."""

    def mean_s(total: str, count: str) -> float | None:
        return float(fields[total]) / float(fields[count]) / 1000 if float(fields.get(count, 0)) else None

    def since_s(moment: str) -> float | None:
        return max(0, now_ms - int(fields[moment])) / 1000 if moment in fields else None

    lags_s = {path: mean_s(f"lag_{path}_ms", f"lags_{path}") for path in EndPath}
    heard_s = {path: since_s(f"heard_{path}") for path in EndPath}
    return FeedView(
        alive=alive,
        mean_s=durations.mean_s if durations else None,
        told=float(fields.get("told", 0)),
        missed=float(fields.get("missed", 0)),
        overdue=sum(now_ms - seen_ms >= OVERDUE_MS for seen_ms in unheard_ms),
        delay_s=mean_s("delay_ms", "delays"),
        lags_s={path: lag_s for path, lag_s in lags_s.items() if lag_s is not None},
        told_by={path: float(fields[f"told_{path}"]) for path in EndPath if f"told_{path}" in fields},
        heard_s={path: age_s for path, age_s in heard_s.items() if age_s is not None},
        trouble=fields.get("trouble", ""),
        sweep=fields.get("since", ""),
        observed=fields.get("observed") or EndPath.LOOKS,
        oldest_s=0.0 if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000,
        several=int(fields.get("several", 0)),
    )
