"""A process that dies at one operation on a store or on Redis: before it, or right after it.

Real stores and a real Redis stand behind it, and nothing of ours is replaced. What comes after that operation fails
too, as nothing of a dead process works. Operations are named as `naming.py` does, and counted by their names, since
threads do some of them in no order.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from tests.deaths.naming import named, script_names, script_texts

Answer = TypeVar("Answer")

#: Those that touch no byte.
_IDLE = frozenset({"url", "url_of", "close"})
#: Those that change nothing: who dies at one left the world as who died after the operation before it.
_READS = frozenset({"get", "size", "list", "folders", "open", "probe"})
_REDIS_READS = frozenset(
    # A script that writes nothing of its own, and commands.
    {
        "survey",
        "EXISTS",
        "GET",
        "HGET",
        "HGETALL",
        "HMGET",
        "INFO",
        "LLEN",
        "PTTL",
        "SMEMBERS",
        "TIME",
        "ZCARD",
        "ZMSCORE",
    }
    | {"BITFIELD_RO", "GETRANGE", "MGET", "SCARD", "SISMEMBER", "STRLEN", "ZCOUNT", "ZRANGE", "ZSCORE"}
)


@dataclass(frozen=True, slots=True)
class Spot:
    """One operation of a process: the n-th of its name, counted from 0."""

    operation: str
    number: int = 0


@dataclass(slots=True)
class _Seen:
    times: int = 0
    changes: bool = False


class Death:
    """Strikes at one operation, or nowhere. `done`: it was carried out, and only its answer was lost."""

    def __init__(self, spot: Spot | None = None, *, done: bool = False) -> None:
        self.spot, self.done = spot, done
        self._lock = threading.Lock()
        self.struck = False
        self.seen: dict[str, _Seen] = {}
        """Every operation so far by its name, in the order in which they were first made."""

    def pass_by(
        self, label: str, operation: Callable[[], Answer], trouble: Callable[[], Exception], *, changes: bool
    ) -> Answer:
        name = named(label)
        with self._lock:
            if self.struck:
                raise trouble()
            seen = self.seen.setdefault(name, _Seen())
            strikes = Spot(name, seen.times) == self.spot
            seen.times += 1
            seen.changes |= changes
            self.struck = strikes
        if not strikes:
            return operation()
        if self.done:
            operation()
        raise trouble()

    def changes(self) -> Iterator[Spot]:
        """Yields where to die so that every state of the world is left behind."""
        for name, seen in self.seen.items():
            yield from (Spot(name, number) for number in range(seen.times if seen.changes else 0))

    def reads(self) -> Iterator[Spot]:
        """Yields the first of each that changes nothing, and so leaves the world as the change before it did."""
        return (Spot(name) for name, seen in self.seen.items() if not seen.changes)

    def spots(self) -> list[Spot]:
        """Lists them all."""
        return [*self.reads(), *self.changes()]


class MortalStore:
    """A store of a process that may die."""

    def __init__(self, store: Store, death: Death) -> None:
        self._store, self._death = store, death

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name in _IDLE or name.startswith("_"):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            def operate() -> Any:
                answer = method(*args, **kwargs)
                # What is read page by page is read now, so that it is this operation.
                return iter(list(answer)) if name in ("list", "folders", "open") else answer

            label = f"store {name} {args[0] if args else ''}"
            return self._death.pass_by(label, operate, _no_store, changes=name not in _READS)

        return call


def mortal_store(store: Store, death: Death) -> Store:
    """Makes a store of a process that may die."""
    mortal: Any = MortalStore(store, death)
    return cast(Store, mortal)


class MortalRedis(redis.Redis):
    """A Redis client of a process that may die."""

    def __init__(self, client: redis.Redis, death: Death) -> None:
        super().__init__(connection_pool=client.connection_pool)
        self._death = death
        if not all(client.script_exists(*script_names())):
            for text in script_texts().values():  # else whoever is the first to run one runs it twice
                client.script_load(text)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        operate = super().execute_command
        said = script_names()[args[1]] if args[0] == "EVALSHA" else str(args[0])
        return self._death.pass_by(said, lambda: operate(*args, **options), _no_redis, changes=said not in _REDIS_READS)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        made = super().pipeline(transaction, shard_hint)
        operate, death = made.execute, self._death

        def execute(raise_on_error: bool = True) -> list[Any]:
            commands = {str(command[0][0]) for command in made.command_stack}
            return death.pass_by(
                "pipeline", lambda: operate(raise_on_error), _no_redis, changes=not commands <= _REDIS_READS
            )

        made.execute = execute  # type: ignore[method-assign]
        return made


def _no_redis() -> Exception:
    return RedisConnectionError("it died here")


def _no_store() -> Exception:
    return Unavailable("it died here")
