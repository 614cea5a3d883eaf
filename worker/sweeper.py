"""Takes away what killed processes left in the stores, and packs the uses of past days: a thread in each process.

Whoever comes next sweeps: each store soon after this process opened it, and from then on every hour. That is one
listing of what was left behind (of a bucket, two requests), so that several workers do it does no harm.
"""

import logging
import threading
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from forebay.landing.formats.containers import CONTAINERS
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger

log = logging.getLogger(__name__)

#: How soon a store is swept that was opened since. Looking costs nothing.
ROUND_S = 1.0
AGAIN_S = 3600.0

_SUFFIXES = tuple(f".{suffix}" for suffix in CONTAINERS)


class Sweeper:
    """Sweeps the stores that a process has opened, and the ledger on one of them. One thread uses it."""

    def __init__(
        self,
        opened: Callable[[], Collection[Store]],
        ledger: Ledger,
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        self._opened = opened
        self._ledger = ledger
        self._now = now
        self._monotonic_s = monotonic_s
        self._stopping = stopping
        self._swept_s: dict[str, float] = {}

    def run(self) -> None:
        """Makes rounds until it is told to stop."""
        while not self._stopping.wait(ROUND_S):
            self.round()

    def round(self) -> None:
        """Sweeps each store whose time has come. One that refuses stops no other, and has its turn in an hour."""
        for store in self._opened():
            self._sweep(f"unfinished objects from {store.url}", partial(store.sweep, ours=is_result))
        self._sweep("unfinished batches from the ledger", self._ledger.sweep)
        self._sweep("uses of days that are over into packs", self._ledger.uses.pack)

    def _sweep(self, what: str, sweep: Callable[[datetime], int]) -> None:
        now_s = self._monotonic_s()
        if now_s - self._swept_s.get(what, now_s - AGAIN_S) < AGAIN_S:
            return
        self._swept_s[what] = now_s
        try:
            swept = sweep(self._now())
        except StoreError as error:
            log.warning("could not sweep %s: %s", what, error, extra={"event": "not_swept"})
        except Exception:
            log.exception("sweeping failed, which is a bug", extra={"event": "bug"})
        else:
            if swept:
                log.info("swept %d %s", swept, what, extra={"event": "swept"})


def is_result(key: str) -> bool:
    """Says whether only a result of ours would be stored under such a key: nothing else of ours is large."""
    return key.endswith(_SUFFIXES)
