"""Strikes at the S3 server, through the proxy before it: refusing, stalling, full, lost replies, cut connections."""

import random
from contextlib import AbstractContextManager

from tests.chaos.kinds.kind import Kind
from tests.chaos.proxy import READS, WRITES, Trouble
from tests.chaos.stage import Stage

ALL = READS | WRITES


def _kind(
    name: str,
    does: str,
    trouble: Trouble,
    share: float,
    *,
    methods: frozenset[str] = ALL,
    lasts_s: tuple[float, float] = (2.0, 6.0),
    quick: bool = False,
) -> Kind:
    def strike(stage: Stage, dice: random.Random) -> AbstractContextManager[None]:
        return stage.store.breaking(trouble, dice, share=share, methods=methods)

    return Kind(name=name, subject="store", does=does, lasts_s=lasts_s, strike=strike, quick=quick)


KINDS = [
    _kind("store denies", "403 to every request", Trouble.DENIED, 1),
    _kind("store is slow down", "503 SlowDown to half of the requests", Trouble.SLOW_DOWN, 0.5, quick=True),
    _kind("store is broken", "500 to every request", Trouble.BROKEN, 1),
    _kind("store is full", "507 to every write", Trouble.FULL, 1, methods=WRITES),
    _kind("store stalls", "no request is answered for a while", Trouble.STALLED, 1, lasts_s=(5, 15)),
    _kind("store's replies lost", "half of the writes are done and not answered", Trouble.LOST, 0.5, methods=WRITES),
    _kind("store's connections cut", "half of the requests never arrive", Trouble.CUT, 0.5),
]
