"""Draws how long a run stays alive, if its execution takes no longer: the setting `duration`."""

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Always the same."""

    seconds: float

    def draw(self, dice: random.Random) -> float:
        """Gives the seconds of one run."""
        del dice
        return self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """Long-tailed, as query times are."""

    mean_s: float
    """The mean itself, so that load can be computed from it."""
    sigma: float

    def draw(self, dice: random.Random) -> float:
        """Draws the seconds of one run."""
        return dice.lognormvariate(math.log(self.mean_s) - self.sigma**2 / 2, self.sigma)


def parse_duration(text: str) -> Fixed | Lognormal:
    """Reads the setting `duration`; raises ValueError with advice."""
    kind, _, numbers = text.partition(":")
    try:
        values = [float(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if kind == "fixed" and len(values) == 1 and values[0] >= 0:
        return Fixed(seconds=values[0])
    if kind == "lognormal" and len(values) == 2 and values[0] > 0 and values[1] >= 0:
        return Lognormal(mean_s=values[0], sigma=values[1])
    raise ValueError(f"{text!r} is no duration; write fixed:SECONDS or lognormal:MEAN_SECONDS,SIGMA")
