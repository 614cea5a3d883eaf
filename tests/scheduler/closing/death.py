"""A process that dies at one operation on a store or on Redis: at the n-th, before it or right after it.

Real stores and a real Redis stand behind it, and nothing of ours is replaced. What comes after the n-th fails too, as
nothing of a dead process works.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from forebay.store.errors import Unavailable
from forebay.store.interface import Store

Answer = TypeVar("Answer")

#: Those that touch no byte.
_IDLE = frozenset({"url", "url_of", "close"})


class Death:
    """Strikes at the n-th operation, counted from 0. `done`: it was carried out, and only its answer was lost."""

    def __init__(self, at: int, *, done: bool) -> None:
        self._left, self._done = at, done
        self._lock = threading.Lock()
        self.struck: str | None = None
        """What it struck at."""

    def pass_by(self, what: str, operation: Callable[[], Answer], error: Exception) -> Answer:
        with self._lock:
            left, self._left = self._left, self._left - 1
        if left > 0:
            return operation()
        if left == 0:
            self.struck = what
            if self._done:
                operation()
        raise error


class MortalStore:
    """A store of a process that may die."""

    def __init__(self, store: Store, death: Death) -> None:
        self._store, self._death = store, death

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name in _IDLE or name.startswith("_"):
            return method

        def call(*args: Any, **named: Any) -> Any:
            def operate() -> Any:
                answer = method(*args, **named)
                # What is read page by page is read now, so that it is this operation.
                return iter(list(answer)) if name in ("list", "folders", "open") else answer

            return self._death.pass_by(f"{name} {args[0]}", operate, Unavailable("it died here"))

        return call


class MortalRedis(redis.Redis):
    """A Redis client of a process that may die."""

    def __init__(self, client: redis.Redis, death: Death) -> None:
        super().__init__(connection_pool=client.connection_pool)
        self._death = death

    def execute_command(self, *args: Any, **options: Any) -> Any:
        operate = super().execute_command
        return self._death.pass_by(
            str(args[0]), lambda: operate(*args, **options), RedisConnectionError("it died here")
        )

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        made = super().pipeline(transaction, shard_hint)
        operate, death = made.execute, self._death

        def execute(raise_on_error: bool = True) -> list[Any]:
            error = RedisConnectionError("it died here")
            return death.pass_by("pipeline", lambda: operate(raise_on_error), error)

        made.execute = execute  # type: ignore[method-assign]
        return made
