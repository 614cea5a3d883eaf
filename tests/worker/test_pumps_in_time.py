"""Whatever becomes due in a lane, some pump claims it in time: at once by bells, and within a look's time without.

Pumps of several processes, scripts on a real Valkey, workers that end steps this way or that, and a clock for all of it
that only the test moves.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random

import pytest
import redis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forebay.governor import scripts
from forebay.governor.claiming import Claiming, ClaimTerms
from forebay.governor.contract import Claimed
from forebay.governor.keys import LANES
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from forebay.worker.agenda import LOOK_EVERY_S
from forebay.worker.pump import ROUND_S, SHORTEST_SLEEP_S, Ports, Pump
from tests.governor.driver import STATE_OF, Lane
from tests.governor.lua_headers import OF_A_LANE
from tests.governor.sleeping_pumps import Ear
from tests.interleaving.seams import CLOCK, source_with_our_clock
from tests.servers.valkey import valkey_server

KINDS: tuple[tuple[Step, ...], ...] = ((Step.SUBMIT, Step.POLL), (Step.DOWNLOAD,), tuple(Step))
TERMS = ClaimTerms(resend_ms=30_000, sweep_ms=60_000)
#: Of three rounds, since a look may just have been and a round, too.
WITHOUT_BELLS_MS = 1000 * (LOOK_EVERY_S + 2 * ROUND_S)


@pytest.fixture(scope="module")
def server() -> Iterator[redis.Redis]:
    with valkey_server() as url, connect(url) as client:
        yield client


class Deployment:
    """Some lanes, some processes, and what is due."""

    def __init__(self, client: redis.Redis, dice: Random, lanes: int, kinds: Sequence[Sequence[Step]]) -> None:
        client.flushall()
        self.client, self.dice = client, dice
        self.now_ms = 1_795_000_000_000
        self._tell()
        self.ear = Ear(client)
        self.lanes = [Lane(client, f"{at}:live") for at in range(lanes)]
        for lane in self.lanes:
            lane.configure(4)
        self.kinds = list(kinds)
        self.pumps = [self._new_pump(serves) for serves in self.kinds]
        self.wakes_ms = [self.now_ms] * len(self.pumps)
        self.flows = 0
        self.loses_bells = False
        self.lost_ms = 0
        """When a bell, or a pump, was last lost."""
        self.messages: list[tuple[Step, str, Claimed]] = []

    def _tell(self) -> None:
        pipeline = self.client.pipeline()
        pipeline.delete(CLOCK).rpush(CLOCK, self.now_ms // 1000, self.now_ms % 1000 * 1000)
        pipeline.execute()

    def _new_pump(self, serves: Sequence[Step]) -> Pump:
        noted: list[tuple[str, Sequence[Claimed]]] = []

        def hand_out() -> list[tuple[str, Sequence[Claimed]]]:
            given, noted[:] = list(noted), []
            return given

        view = View(self.client)
        ports = Ports(
            give_back=lambda: None,
            lanes=view.lanes,
            stirring=partial(view.stirring, steps=serves),
            claim=Claiming(self.client, TERMS, lambda: self.now_ms / 1000).claim,
            room=lambda _: 16,
            note=lambda lane, runs: noted.append((lane, runs)),
            noted=hand_out,
            publish=lambda step, lane, runs: self.messages.extend((step, lane, run) for run in runs),
            sweep=lambda lane, fence: None,
            audit=lambda lane: None,
            beat=lambda: None,
            went_round=lambda: None,
        )
        pump = Pump(ports, serves, lambda: self.now_ms / 1000)
        pump.hears(bells=True)
        return pump

    def _deliver_bells(self) -> None:
        for step, delay_ms, lane in self.ear.rung():
            for at, pump in enumerate(self.pumps):
                if self.loses_bells and self.dice.random() < 0.5:
                    self.lost_ms = self.now_ms
                else:
                    pump.ring(step, delay_ms, lane)
                    self.wakes_ms[at] = self.now_ms

    def pass_time(self, ms: int) -> None:
        """Each pump ticks when it said that it would, or a bell has rung."""
        end_ms = self.now_ms + ms
        while True:
            self._deliver_bells()
            soonest_ms = min(self.wakes_ms)
            if soonest_ms > end_ms:
                break
            self._move_to(max(soonest_ms, self.now_ms))
            at = self.wakes_ms.index(soonest_ms)
            sleep_s = self.pumps[at].tick()
            self.wakes_ms[at] = self.now_ms + max(int(1000 * SHORTEST_SLEEP_S), int(1000 * sleep_s) + 1)
            self._carry_out()
            self.check()
        self._move_to(end_ms)

    def _move_to(self, ms: int) -> None:
        self.now_ms = ms
        self._tell()

    def _carry_out(self) -> None:
        """Workers take up what was published, and end it this way or that; some die over it."""
        messages, self.messages = self.messages, []
        for step, name, claimed in messages:
            lane = next(lane for lane in self.lanes if lane.name == name)
            custody = lane.governor.begin(claimed, STATE_OF[step], 60_000)
            if not custody or self.dice.random() < 0.1:
                continue
            if self.dice.random() < 0.3:
                lane.governor.defer(custody, self.dice.choice([0, 50, 1_000, 20_000]))
            elif step is Step.SUBMIT:
                lane.governor.bind(custody, f"qr_{custody.fence}", self.dice.choice([0, 1_000, 40_000]))
            elif step is Step.POLL:
                lane.governor.ready(custody)
            else:
                lane.governor.finish(custody, RunState.LANDED)
            self._deliver_bells()

    def check(self) -> None:
        """Nothing has been due for longer than it may."""
        lost = self.lost_ms and self.now_ms - self.lost_ms < 2 * WITHOUT_BELLS_MS
        bound_ms = WITHOUT_BELLS_MS if lost else 2_000 * SHORTEST_SLEEP_S
        for lane in self.lanes:
            for step in Step:
                first = self.client.zrange(lane.keys.due(step), 0, 0, withscores=True)
                late_ms = self.now_ms - first[0][1] if first else 0
                assert late_ms <= bound_ms, f"a {step} in {lane.name} has been due for {late_ms} ms"

    def do_something(self) -> None:
        lane = self.dice.choice(self.lanes)
        match self.dice.randrange(6):
            case 0 | 1 | 2:
                self.flows += 1
                lane.governor.open_flow(f"f{self.flows}", self.dice.randint(1, 6))
            case 3:
                lane.governor.pause("a test")
                lane.governor.resume()
            case 4:
                at = self.dice.randrange(len(self.pumps))
                self.pumps[at], self.wakes_ms[at] = self._new_pump(self.kinds[at]), self.now_ms
                self.lost_ms = self.now_ms
            case 5:
                new = Lane(self.client, f"{len(self.lanes)}:live")
                new.open(size=2, cap=2)
                self.lanes.append(new)


# Smaller seeds are no simpler: what failed first is told at once.
@settings(max_examples=15, deadline=None, suppress_health_check=[*HealthCheck], phases=[Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 2**32),
    lanes=st.integers(1, 12),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3).filter(
        lambda kinds: set(Step) == set(sum(kinds, ()))
    ),
    loses_bells=st.booleans(),
)
def test_what_is_due_is_claimed_in_time(
    server: redis.Redis, seed: int, lanes: int, kinds: list[tuple[Step, ...]], *, loses_bells: bool
) -> None:
    dice = Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        texts = {name: source_with_our_clock(name) for name in OF_A_LANE}
        patch.setattr(scripts, "source", texts.__getitem__)
        deployment = Deployment(server, dice, lanes, kinds)
        deployment.loses_bells = loses_bells
        for _ in range(25):
            deployment.do_something()
            deployment.pass_time(dice.choice([5, 300, 5_000, 45_000]))
        assert server.scard(LANES) == len(deployment.lanes)
        deployment.ear.close()
