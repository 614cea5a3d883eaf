"""Simulates who gets the slots: five tenants on one lane, in virtual time.

    python -m bench.fairness [--quick]

The real scripts on a Valkey of their own; nothing else is real. Each grant starts a run whose duration is drawn at
random, a heap says which run ends next, and its `finish` frees the slot and grants the next one. So only the order of
grants is measured, and hours pass in seconds. Ageing is off: it follows Redis's clock, which stands nearly still here.

A turnover is as many grants as there are slots. The fair share of a tenant at a moment is what its weight gives it of
all slots among those who have work waiting; who wants less leaves the rest to the others.
"""

import argparse
import heapq
import math
import random
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from bench.figures import RESULTS, picture, table
from forebay.config.standing import Standing
from forebay.governor.contract import Custody, LaneLimits
from forebay.governor.governor import Governor
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from tests.governor.driver import reconcile
from tests.servers.valkey import valkey_server

SEED = 20261122
CAP = 70
MEAN_S, SIGMA = 30.0, 0.6
PLENTY = 1e6
CUSTODY_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One whose batches of so many items arrive at these times (s)."""

    name: str
    weight: float
    items: int
    arrives_s: tuple[float, ...] = (0.0,)


def tenants(scale: float) -> list[Tenant]:
    """Names the five, with so large a part of the whole work."""
    visits = tuple(scale * at for at in range(300, 7_000, 400))
    return [
        Tenant(name="A", weight=1, items=int(10_000 * scale)),
        Tenant(name="B", weight=2, items=int(10_000 * scale)),
        Tenant(name="C, small", weight=4, items=100),
        Tenant(name="D, late", weight=4, items=int(4_000 * scale), arrives_s=(1_500 * scale,)),
        Tenant(name="E, comes and goes", weight=1, items=int(60 * scale), arrives_s=visits),
    ]


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant, and how things stood right after it."""

    at_s: float
    tenant: str
    waited_s: float
    held: dict[str, int]
    fair: dict[str, float]
    backlogged: frozenset[str]
    steady: int
    """Grants since those who have work waiting last changed."""


def fair_shares(wanted: dict[str, int], weights: dict[str, float], slots: int) -> dict[str, float]:
    """Shares by weight, but nobody gets more than it wants: what is left over goes to the others, by weight again."""
    shares: dict[str, float] = {}
    left, open_ones = float(slots), set(wanted)
    while open_ones:
        unit = left / sum(weights[name] for name in open_ones)
        content = {name for name in open_ones if wanted[name] <= unit * weights[name]}
        if not content:
            return shares | {name: unit * weights[name] for name in open_ones}
        for name in content:
            shares[name] = wanted[name]
            left -= wanted[name]
        open_ones -= content
    return shares


def durations() -> Iterator[float]:
    """Yields the same for everybody: the n-th run to start takes the n-th of them."""
    dice = random.Random(SEED)
    while True:
        yield dice.lognormvariate(math.log(MEAN_S) - SIGMA**2 / 2, SIGMA)


def arrivals(everybody: list[Tenant]) -> list[tuple[float, str, Tenant]]:
    """Lists when which flow opens."""
    flows = [
        (at, f"{tenant.name[0]}{visit}", tenant) for tenant in everybody for visit, at in enumerate(tenant.arrives_s)
    ]
    return sorted(flows, key=lambda flow: flow[:2])


class Simulation:
    """Virtual time around one governor. Who holds what is counted here, not asked of the governor."""

    def __init__(self, governor: Governor, everybody: list[Tenant]) -> None:
        self._governor = governor
        self._weights = {tenant.name: tenant.weight for tenant in everybody}
        self._arrivals = arrivals(everybody)
        self._opened: dict[str, tuple[float, str]] = {}  # flow -> when, whose
        self._held = dict.fromkeys(self._weights, 0)
        self._waiting = dict.fromkeys(self._weights, 0)
        self._backlogged: frozenset[str] = frozenset()
        self._steady = 0
        self._alive: list[tuple[float, str, Custody]] = []
        self._durations = durations()
        self.grants: list[Grant] = []

    def run(self) -> list[Grant]:
        """Grants until nothing waits; returns each grant."""
        plenty = {"creates_per_s": PLENTY, "retrieves_per_s": PLENTY, "requests_per_s": PLENTY}
        self._governor.configure(LaneLimits(cap=0, **plenty))
        reconcile(self._governor)
        self._open_until(0.0)
        self._governor.configure(LaneLimits(cap=CAP))
        self._note_grants(0.0)
        while self._alive or self._arrivals:
            next_end = self._alive[0][0] if self._alive else math.inf
            if self._arrivals and self._arrivals[0][0] <= next_end:
                now = self._arrivals[0][0]
                self._open_until(now)
            else:
                now, tenant, custody = heapq.heappop(self._alive)
                self._held[tenant] -= 1
                self._governor.finish(custody, RunState.LANDED)
            self._note_grants(now)
        return self.grants

    def _open_until(self, now: float) -> None:
        while self._arrivals and self._arrivals[0][0] <= now:
            at, flow, tenant = self._arrivals.pop(0)
            self._opened[flow] = (at, tenant.name)
            self._waiting[tenant.name] += tenant.items
            self._governor.open_flow(flow, tenant.items, Standing(weight=tenant.weight))

    def _note_grants(self, now: float) -> None:
        for claimed in self._governor.claim(submits=CAP, downloads=0, polls=0).due[Step.SUBMIT]:
            custody = self._governor.begin(claimed, RunState.GRANTED, CUSTODY_MS)
            if custody is None:
                raise AssertionError("somebody else uses the bench's Valkey")
            opened_s, tenant = self._opened[custody.flow]
            heapq.heappush(self._alive, (now + next(self._durations), tenant, custody))
            self._waiting[tenant] -= 1
            self._held[tenant] += 1
            backlogged = frozenset(name for name, waiting in self._waiting.items() if waiting)
            self._steady = self._steady + 1 if backlogged == self._backlogged else 0
            self._backlogged = backlogged
            wanted = {name: self._held[name] + self._waiting[name] for name in self._held}
            fair = fair_shares(wanted, self._weights, CAP)
            self.grants.append(Grant(now, tenant, now - opened_s, dict(self._held), fair, backlogged, self._steady))


def first_come_first_served(everybody: list[Tenant]) -> dict[str, list[float]]:
    """Computes what each run waits where there is one line for all."""
    free = [0.0] * CAP
    waits_s: dict[str, list[float]] = defaultdict(list)
    lasting = durations()
    for opened_s, _, tenant in arrivals(everybody):
        for _ in range(tenant.items):
            start = max(heapq.heappop(free), opened_s)
            heapq.heappush(free, start + next(lasting))
            waits_s[tenant.name].append(start - opened_s)
    return waits_s


def until_share(grants: list[Grant], tenant: Tenant) -> list[int]:
    """Counts, for each arrival of a tenant, the grants until it held its fair share, to within one slot."""
    times, taken = [grant.at_s for grant in grants], []
    for at in tenant.arrives_s:
        after = grants[bisect_left(times, at) :]
        name = tenant.name
        taken += [next(n for n, grant in enumerate(after, 1) if grant.held[name] >= grant.fair[name] - 1)]
    return taken


COLUMNS = (
    "tenant", "weight", "runs", "slots held, mean", "fair share, mean", "worst gap", "grants until share",
    "wait p50 s", "p99 s", "in one line p50 s", "p99 s",
)  # fmt: skip


def row(tenant: Tenant, grants: list[Grant], in_line_s: list[float]) -> list[str]:
    """Takes means over the grants at which it had work waiting; the gap, from one turnover after the last change on."""
    name = tenant.name
    busy = [grant for grant in grants if name in grant.backlogged]
    gaps = [abs(grant.held[name] - grant.fair[name]) for grant in busy if grant.steady >= CAP]
    taken = until_share(grants, tenant)
    waits_s = [grant.waited_s for grant in grants if grant.tenant == name]
    return [
        name,
        f"{tenant.weight:g}",
        f"{len(waits_s):,}",
        f"{fmean(grant.held[name] for grant in busy):.2f}",
        f"{fmean(grant.fair[name] for grant in busy):.2f}",
        f"{max(gaps):.2f}" if gaps else "-",
        f"{median(taken):g}, at most {max(taken)}" if len(taken) > 1 else str(taken[0]),
        *(f"{part:,.0f}" for line_s in (waits_s, in_line_s) for part in (median(line_s), quantiles(line_s, n=100)[98])),
    ]


def draw(everybody: list[Tenant], grants: list[Grant]) -> None:
    """Draws who held how many slots."""
    with picture("fairness", 2, 1, (11, 7)) as (figure, axes):
        shares, waits = axes[:, 0]
        step = max(1, len(grants) // 4_000)
        for number, tenant in enumerate(everybody):
            color, name = f"C{number}", tenant.name
            some = range(0, len(grants), step)
            shares.plot(
                some,
                [grants[at].held[name] for at in some],
                color=color,
                linewidth=0.8,
                label=f"{name} (weight {tenant.weight:g})",
            )
            shares.plot(some, [grants[at].fair[name] for at in some], color="black", linewidth=0.5, linestyle="--")
            own = [(at, grant.waited_s) for at, grant in enumerate(grants) if grant.tenant == name]
            waits.plot(*zip(*own, strict=True), ".", color=color, markersize=1.5)
        shares.set_ylabel(f"slots held, of {CAP}; dashed: fair share")
        shares.legend(loc="center right", fontsize=8)
        waits.set_ylabel("wait of each run, s")
        waits.set_xlabel(f"grants ({CAP} are a turnover)")
        figure.suptitle("Five tenants on one lane")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fairness", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, and no picture")
    quick = parser.parse_args().quick
    everybody = tenants(0.1 if quick else 1.0)
    with valkey_server() as url, connect(url) as client:
        grants = Simulation(Governor(client, "bench:live"), everybody).run()
    in_line_s = first_come_first_served(everybody)
    page = (
        f"Cap {CAP}, runs log-normal with mean {MEAN_S:g} s and sigma {SIGMA:g}, {len(grants):,} grants:\n\n"
        + table(COLUMNS, [row(tenant, grants, in_line_s[tenant.name]) for tenant in everybody])
        + "\n"
    )
    sys.stdout.write(page)
    if not quick:
        draw(everybody, grants)
        RESULTS.joinpath("fairness.md").write_text(page)


if __name__ == "__main__":
    main()
