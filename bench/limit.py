"""Simulates the limit against outside use: how many of the available slots we use, and what that costs in 429s.

    python -m bench.limit

runs the pure functions of `governor/lua/shared/limit.lua` (through lupa, so it is the code that ships) behind a gate
like `gates.lua`'s, on a cap of 500 that others use too, and beside them what one would write without a limit: a pause
after each 429, and plain retries. Runs take a log-normal time with a mean of 30 s; 25 creates a second may be sent,
and there is always a run to create.

Outside use is stylised: what others want they have, and what runs of ours are then too many go on to their end.
"""

import heapq
import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Protocol

from lupa.lua51 import LuaRuntime

CAP = 500
CREATES_PER_S = 25
MEAN_S, SIGMA = 30.0, 0.6
STEPS_OUTSIDE, STEP_S = (0, 150, 300, 50, 400), 300
#: How the walk goes: so far a second at most, and never beyond this.
WALK_PER_S, WALK_MOST = 6, 400

Outside = Iterator[int]


class Controller(Protocol):
    """What decides when a create may be sent; instants in seconds."""

    def may_send(self, now: float, alive: int, /) -> bool: ...

    def refused(self, now: float, running: int, /) -> None: ...

    def succeeded(self, now: float, alive: int, /) -> None: ...


def limit_functions() -> tuple[Callable[..., int], Callable[..., tuple[int, int]]]:
    """Loads `limit_after_refusal` and `limit_after_success` as they ship, on the Lua that Redis has."""
    source = files("forebay.governor").joinpath("lua/shared/limit.lua").read_text("utf-8")
    lua: Any = LuaRuntime()
    after_refusal, after_success = lua.execute(source + "\nreturn limit_after_refusal, limit_after_success")
    return after_refusal, after_success


@dataclass
class ModelGate:
    """`gates.lua` for one gate: closed for a while, then one probe, twice as long when that fails."""

    random: random.Random
    first_s: float = 1.0
    longest_s: float = 8.0
    wait_s: float = 0.0
    until: float = 0.0
    probing: bool = False

    def lets_through(self, now: float) -> bool:
        if not self.wait_s:
            return True
        if self.probing or now < self.until:
            return False
        self.probing = True
        return True

    def refused(self, now: float) -> None:
        if self.wait_s and not self.probing:
            return
        first_s = self.first_s * self.random.uniform(0.75, 1.25)
        self.wait_s = min(self.wait_s * 2, self.longest_s) if self.wait_s else first_s
        self.until, self.probing = now + self.wait_s, False

    def succeeded(self) -> None:
        self.wait_s, self.probing = 0.0, False


class Ours:
    """The limit and its gate, as `claim`, `requeue` and `bind` use them."""

    def __init__(self, seed: int) -> None:
        self.gate = ModelGate(random.Random(seed))
        self.after_refusal, self.after_success = limit_functions()
        self.limit, self.refused_at, self.successes = CAP, CAP, 0

    def may_send(self, now: float, alive: int) -> bool:
        return alive < self.limit and self.gate.lets_through(now)

    def refused(self, now: float, running: int) -> None:
        self.limit, self.refused_at, self.successes = self.after_refusal(running), running, 0
        self.gate.refused(now)

    def succeeded(self, _now: float, alive: int) -> None:
        self.gate.succeeded()
        self.limit, self.successes = self.after_success(self.limit, alive, CAP, self.refused_at, self.successes)


@dataclass
class PauseOnly:
    """No limit: after a 429 nothing is sent for a while."""

    pause_s: float
    until: float = 0.0

    def may_send(self, now: float, alive: int) -> bool:
        return now >= self.until and alive < CAP

    def refused(self, now: float, _running: int) -> None:
        self.until = now + self.pause_s

    def succeeded(self, _now: float, _alive: int) -> None:
        pass


@dataclass
class SlotUse:
    """What was used of the slots that others left, in slot-seconds, and what that cost."""

    available: float = 0.0
    used: float = 0.0
    held: float = 0.0
    refusals: int = 0
    seconds: float = 0.0

    def add(self, other: "SlotUse") -> None:
        """Adds what another walk came to."""
        for name in ("available", "used", "held", "refusals", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def share(self) -> float:
        """Gives the part that we held of the slots that others left; what we hold beyond them earns nothing."""
        return self.used / self.available

    @property
    def share_with_excess(self) -> float:
        """Gives the same with what we hold beyond them, until it ends: how the figures of the peers were counted."""
        return self.held / self.available

    @property
    def refusals_per_h(self) -> float:
        """Counts refusals an hour."""
        return self.refusals / self.seconds * 3600


def steps() -> Outside:
    """Yields outside use, second by second: in steps of five minutes."""
    for use in STEPS_OUTSIDE:
        yield from [use] * STEP_S


def walk(seed: int, seconds: int = 1500) -> Outside:
    """Yields outside use, second by second: a random walk."""
    steps_of, use = random.Random(seed), WALK_MOST // 2
    for _ in range(seconds):
        use = min(max(use + steps_of.randint(-WALK_PER_S, WALK_PER_S), 0), WALK_MOST)
        yield use


@dataclass
class Stripe:
    """Our runs there, and the answers to creates that are on their way."""

    random: random.Random
    reply_s: float
    ends: list[float] = field(default_factory=list)
    replies: list[tuple[float, bool]] = field(default_factory=list)

    def create(self, now: float, available: int) -> None:
        accepted = len(self.ends) < available
        if accepted:
            duration_s = self.random.lognormvariate(math.log(MEAN_S) - SIGMA**2 / 2, SIGMA)
            heapq.heappush(self.ends, now + self.reply_s + duration_s)
        self.replies.append((now + self.reply_s, accepted))

    def pass_to(self, now: float) -> None:
        while self.ends and self.ends[0] <= now:
            heapq.heappop(self.ends)


def simulate(
    outside: Outside, controller: Controller, seed: int, reply_s: float = 0.0, *, counted_from_s: int = 0
) -> SlotUse:
    """Simulates as many seconds as `outside` has; those before `counted_from_s` fill the slots and do not count."""
    stripe, tally = Stripe(random.Random(seed), reply_s), SlotUse()
    for second, use in enumerate(outside):
        if second == counted_from_s:
            tally = SlotUse()
        for tick in range(CREATES_PER_S):
            now = second + tick / CREATES_PER_S
            stripe.pass_to(now)
            while stripe.replies and stripe.replies[0][0] <= now:
                _hear(stripe, controller, now, tally)
            if controller.may_send(now, len(stripe.ends) + _refused_on_their_way(stripe)):
                stripe.create(now, CAP - use)
                if not reply_s:
                    _hear(stripe, controller, now, tally)
            tally.used += min(len(stripe.ends), CAP - use)
            tally.held += len(stripe.ends)
            tally.available += CAP - use
        tally.seconds += 1
    return tally


def _hear(stripe: Stripe, controller: Controller, now: float, tally: SlotUse) -> None:
    _, accepted = stripe.replies.pop(0)
    if accepted:
        controller.succeeded(now, len(stripe.ends) + _refused_on_their_way(stripe))
    else:
        tally.refusals += 1
        controller.refused(now, len(stripe.ends) - sum(waits for _, waits in stripe.replies))


def _refused_on_their_way(stripe: Stripe) -> int:
    return sum(not accepted for _, accepted in stripe.replies)


CONTROLLERS: dict[str, Callable[[int], Controller]] = {
    "the limit that ships": Ours,
    "pause 1 s after each 429": lambda _: PauseOnly(1.0),
    "pause 5 s after each 429": lambda _: PauseOnly(5.0),
    "retry at once": lambda _: PauseOnly(0.0),
}


def average(
    make: Callable[[int], Controller], outside: Callable[[int], Outside], seeds: range, reply_s: float
) -> SlotUse:
    """Adds up many walks under one controller."""
    whole = SlotUse()
    for seed in seeds:
        whole.add(simulate(outside(seed), make(seed), seed, reply_s))
    return whole


def main() -> None:
    seeds = range(8)
    sys.stdout.write(f"{'':28}{'steps':>33}{'walk':>33}\n")
    sys.stdout.write(f"{'':28}" + f"{'slots used':>12}{'+ excess':>11}{'429s/h':>10}" * 2 + "\n")
    for reply_s in (0.0, 0.3):
        sys.stdout.write(f"creates are answered after {reply_s:g} s\n")
        for name, make in CONTROLLERS.items():
            sys.stdout.write(f"  {name:26}")
            for outside in (lambda _: steps(), walk):
                tally = average(make, outside, seeds, reply_s)
                sys.stdout.write(f"{tally.share:12.1%}{tally.share_with_excess:11.1%}{tally.refusals_per_h:10.0f}")
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
