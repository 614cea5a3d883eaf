"""Says who works on which scenario, and told and limited how: a row of the table. Pure values."""

from dataclasses import dataclass, field, replace

from bench.account import Lifetime
from bench.ceiling import Plan, best_plan, utilisation
from bench.scenario import SHARE, Scenario
from bench.telling import Telling, Way
from bench.yardstick import first_come_first_served

CONTENDERS = {
    "forebay": "Forebay, 2 workers",
    "dtex_threads": "dtex's SigmaClient in threads",
    "celery_loop": "Celery retry loop, 2 workers",
    "sdk_threads": "official SDK in threads",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One contender's start in one scenario."""

    contender: str
    scenario: Scenario
    telling: Telling = field(default_factory=Telling)
    """How Forebay is told of ends; all others look."""
    asked_per_s: float | None = None
    """Creates, and retrieves, that Forebay is allowed a second; None: what the limits have."""
    warm_up: int = 0
    """Runs that it may learn from first."""

    @property
    def is_ours(self) -> bool:
        return self.contender == "forebay"

    @property
    def rate_per_s(self) -> float:
        """Gives the creates, and the retrieves, that Forebay is allowed a second."""
        return self.asked_per_s or SHARE * self.scenario.endpoint_per_s

    @property
    def label(self) -> str:
        """Names the row."""
        name = CONTENDERS[self.contender]
        if not self.is_ours:
            return name
        rate = f", {self.asked_per_s:g}/s" if self.asked_per_s else ""
        return f"{name}: {self.telling.label}{rate}"

    def in_full(self) -> "Entry":
        """Gives the same with all the creates that the limits have."""
        return replace(self, asked_per_s=None)

    def ideal(self) -> list[Lifetime]:
        """Computes what an observer would reach that knows each end, with the creates that there are for this entry."""
        per_s = self.asked_per_s if self.is_ours and self.asked_per_s else self.scenario.endpoint_per_s
        return first_come_first_served(self.scenario.durations_s, cap=self.scenario.cap, creates_per_s=per_s)

    def ceiling(self, plan: Plan) -> float:
        """Gives the use of slots that it cannot pass, where `plan` is the best of looks that the scenario grants."""
        looks_per_s = min(self.scenario.polls_per_s, self.rate_per_s)
        if self.is_ours and self.telling.way is Way.LOOKS and looks_per_s < self.scenario.polls_per_s:
            plan = best_plan(self.scenario, polls_per_s=looks_per_s)
        looking = utilisation(self.scenario, plan.lag_s)
        return self.telling.ceiling(self.scenario.mean_s, looking=looking) if self.is_ours else looking
