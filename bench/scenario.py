"""Says what is to be done: how many queries of which durations, under which of Stripe's limits. Pure values.

Every contender of a bench gets the same SQL texts in the same order. Each text tells the sandbox how long its run
lives, so the durations are known beforehand and the same for all; nobody but the sandbox reads them.
"""

import hashlib
import math
import random
from dataclasses import dataclass, replace
from functools import cached_property

#: What a careful user asks of the limits. The rest is left for the unevenness of a network.
SHARE = 0.96
#: Chosen once. Another seed gives other durations; the ratios between contenders hardly move.
SEED = 20261122


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Durations are lognormal: `mean_s` is their mean, `sigma` the standard deviation of their logarithm."""

    name: str
    livemode: bool
    cap: int
    runs: int
    mean_s: float
    sigma: float = 0.6
    endpoint_per_s: float = 25
    all_per_s: float = 25
    polls_per_s: float = 20
    """What the issue grants the programme of `bench/ceiling.py` in this scenario."""

    @property
    def mu(self) -> float:
        """Gives the mean of the durations' logarithm."""
        return math.log(self.mean_s) - self.sigma**2 / 2

    @cached_property
    def durations_s(self) -> list[float]:
        """Draws the durations: always the same ones."""
        dice = random.Random(SEED)
        return [round(dice.lognormvariate(self.mu, self.sigma), 3) for _ in range(self.runs)]

    @cached_property
    def queries(self) -> list[str]:
        """Writes the SQL of each query, with its duration."""
        return [sql(number, duration_s) for number, duration_s in enumerate(self.durations_s)]

    def warm_up(self, count: int) -> list[str]:
        """Makes queries of the same distribution, none of them measured: history for those who learn from it."""
        dice = random.Random(SEED + 1)
        return [sql(10**6 + number, dice.lognormvariate(self.mu, self.sigma)) for number in range(count)]

    def quick(self) -> "Scenario":
        """Takes a quarter of the cap, the runs and the durations, so that each run gets as many looks as before."""
        return replace(self, name=f"{self.name} quick", cap=self.cap // 4, runs=self.runs // 4, mean_s=self.mean_s / 4)

    @property
    def sandbox_options(self) -> list[str]:
        """Tells the sandbox the cap and the limits."""
        rate = "live" if self.livemode else "test"
        chosen = {
            "cap": self.cap,
            "endpoint-rate-per-s": self.endpoint_per_s,
            f"global-rate-{rate}-per-s": self.all_per_s,
        }
        return [part for name, value in chosen.items() for part in (f"--{name}", str(value))]


def sql(number: int, duration_s: float) -> str:
    """Writes a query that the sandbox lets take so long."""
    return f"SELECT {number} AS n -- sandbox: duration={duration_s:.3f}"


def fingerprint(text: str) -> str:
    """Names a query as the sandbox's list of runs and our manifests do."""
    return hashlib.sha256(text.encode()).hexdigest()


SCENARIOS = {
    "A": Scenario(name="A", livemode=False, cap=100, runs=400, mean_s=20),
    "B": Scenario(name="B", livemode=True, cap=500, runs=1500, mean_s=30, all_per_s=100, polls_per_s=25),
}
