"""Lets a process die right before or right after one named I/O of a step, in a world that is calm but for that.

The processes, the broker and Stripe are those of `world.py`; no dice are thrown. A step's I/Os are named for what they
do: `submit: POST`, `download: store put manifest`.
"""

import redis

from forebay.runtime.runtime import Runtime
from tests.deaths.naming import named
from tests.interleaving import ending
from tests.interleaving.baton import Actor, Baton, Fate
from tests.interleaving.world import LONG_S, World

#: The first result lands with the look that saw its end; the download step lands the others.
EXPRESS_BYTES = 20
#: Of orders of turns. In the first nearly all happens; that a query ends before its create is answered is in the next,
#: and that a download finds at its end that its run was canceled in the last.
SEEDS = (52, 149, 62)
#: One lands with the look that saw its end, the others by a download.
SIZE = 3
#: A calm story needs less than two hundred turns; a death costs a custody and a resend more.
MOST_TURNS = 3_000

Row = tuple[str, str]
"""A step, and one I/O of it."""


class _Calm(Baton):
    """Takes its actors in turn, and lets one of them die, once."""

    def __init__(self, row: Row | None, fate: Fate, seed: int) -> None:
        super().__init__(seed)
        self._trouble, self._faults_left, self._stickiness = 0.0, 0, 0.0
        self._row, self._dies = row, fate
        self.seen: dict[Row, None] = {}
        """Every I/O of every step, in the order in which they were first made."""
        self.struck = False

    def _fate(self, actor: Actor) -> Fate:
        if actor.at in ("start", "idle"):
            return Fate.GOES
        row = (str(actor.doing), named(actor.at))
        self.seen.setdefault(row)
        if row == self._row and not self.struck:
            self.struck = True
            return self._dies
        return Fate.GOES


class DeathStory(World):
    """A batch of a few queries from its submission to its end, with one death."""

    def __init__(
        self, pool: redis.ConnectionPool, row: Row | None = None, fate: Fate = Fate.GOES, *, seed: int = SEEDS[0]
    ) -> None:
        super().__init__(0, pool)
        self.calm = self.baton = _Calm(row, fate, seed)
        self.stripe._baton = self.baton
        self.size, self.plan, self.haste, self.others = SIZE, "wait", 0.05, False

    def tell(self) -> None:
        """Plays to the end, and checks all that must hold."""
        try:
            self.run()
            ending.check(self)
            assert [run.status for run in self.stripe.runs] == ["succeeded"] * self.size, "a query was executed twice"
        finally:
            self.baton.abandon()

    def _world_moves(self) -> None:
        if self.stripe.alive and not self._set_forward_us:
            self._set_clock_forward(LONG_S * 1_000_000)
        super()._world_moves()

    def runtime(self, actor: Actor) -> Runtime:
        made = super().runtime(actor)
        made.express_bytes = EXPRESS_BYTES
        return made
