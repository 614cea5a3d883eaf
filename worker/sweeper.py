"""Takes away what killed processes left in the stores: a thread in each worker process (`worker/bootsteps.py`).

Whoever comes next sweeps: each store soon after this process opened it, and from then on every hour. That is one
listing of what was left behind (of a bucket, one request), so that several workers do it does no harm.
"""

import logging
import threading
from collections.abc import Callable, Collection
from datetime import datetime

from forebay.landing.formats.containers import CONTAINERS
from forebay.store.errors import StoreError
from forebay.store.interface import Store

log = logging.getLogger(__name__)

#: How soon a store is swept that was opened since. Looking costs nothing.
ROUND_S = 1.0
AGAIN_S = 3600.0

_SUFFIXES = tuple(f".{suffix}" for suffix in CONTAINERS)


class Sweeper:
    """Sweeps the stores that a process has opened. One thread uses it."""

    def __init__(
        self,
        opened: Callable[[], Collection[Store]],
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        self._opened = opened
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
            now_s = self._monotonic_s()
            if now_s - self._swept_s.get(store.url, now_s - AGAIN_S) < AGAIN_S:
                continue
            self._swept_s[store.url] = now_s
            try:
                self._sweep(store)
            except StoreError as error:
                log.warning("could not sweep %s: %s", store.url, error, extra={"event": "not_swept"})
            except Exception:
                log.exception("sweeping failed, which is a bug", extra={"event": "bug"})

    def _sweep(self, store: Store) -> None:
        swept = store.sweep(self._now(), is_result)
        if swept:
            log.info("swept %d unfinished objects from %s", swept, store.url, extra={"event": "swept"})


def is_result(key: str) -> bool:
    """Says whether only a result of ours would be stored under such a key: nothing else of ours is large."""
    return key.endswith(_SUFFIXES)
