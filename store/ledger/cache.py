"""Caches values, thread-safe, and forgets what was used longest ago once the costs add up to its limit."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LeastRecent(Generic[K, V]):
    """Cache of immutable values; `cost` says what each counts toward `limit` (bytes, or 1 each)."""

    def __init__(self, *, limit: int, cost: Callable[[V], int]) -> None:
        self._limit = limit
        self._cost = cost
        self._total = 0
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K, load: Callable[[], V]) -> V:
        """Gives the cached value, or what `load` gives.

        Loading is done outside the lock: one slow read must not stop readers of other keys. Two threads that miss
        the same key at once therefore both load it, which costs a request and nothing else.
        """
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        value = load()
        with self._lock:
            self._keep(key, value)
        return value

    def _keep(self, key: K, value: V) -> None:
        if key in self._entries:
            return
        self._entries[key] = value
        self._total += self._cost(value)
        while self._total > self._limit:
            _, oldest = self._entries.popitem(last=False)
            self._total -= self._cost(oldest)
