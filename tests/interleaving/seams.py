"""Cuts where a process touches the world: Redis, Stripe and the store, before every effect.

Everything above these seams is the product's own code, unchanged.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import redis
from pydantic import SecretStr
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from forebay.governor.scripts import source
from forebay.store.errors import NotFound, NotSigned, Unavailable
from tests.interleaving.baton import Actor
from tests.interleaving.stripe import FakeStripe

CLOCK = "test:clock"
#: In the names of a batch's chunks: who wrote them; in those of marks: when, or which; in those of uses: how long.
_WRITING = re.compile(
    r"\d{8}T\d{6}Z-[0-9a-f]{8}$|-[0-9a-f]{8}(?=\.)|(?<=/accepted)-\w+|(?<=/retried)-\w+|(?<=accepted/)\w+"
    r"|(?<=-landed-)\d+|(?<=-canceled-)\d+|(?<=-sql-)\d+|(?<=-provider-)\d+|(?<=-transfer-)\d+"
)
_TIME = re.compile(r"redis\.call\('TIME'\)")


def source_with_our_clock(name: str) -> str:
    """A script as it is, but for where its time comes from: else no schedule could be repeated, nor time pass."""
    text, replaced = _TIME.subn(f"redis.call('LRANGE', '{CLOCK}', 0, 1)", source(name))
    assert replaced == ("TIME" in source(name)), "the script reads the time elsewhere, too"
    return text


class CutRedis(redis.Redis):
    """A client whose every round trip is a cut."""

    actor: Actor

    @classmethod
    def of(cls, actor: Actor, pool: redis.ConnectionPool) -> "CutRedis":
        client = cls(connection_pool=pool)
        client.actor = actor
        return client

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return self.actor.io(
            _said(args),
            lambda: redis.Redis.execute_command(self, *args, **options),
            lambda: RedisConnectionError("no answer"),
            may_repeat=True,
        )

    def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> Any:
        pipeline = _CutPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipeline.actor = self.actor
        return pipeline


class _CutPipeline(Pipeline):
    actor: Actor

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = list(self.command_stack)

        def effect() -> list[Any]:
            self.command_stack = list(commands)
            return Pipeline.execute(self, raise_on_error)

        return self.actor.io("pipeline", effect, lambda: RedisConnectionError("no answer"), may_repeat=True)


#: Script hashes and names, for traces that people can read; filled by whoever loads the scripts.
SCRIPT_NAMES: dict[str, str] = {}


def _said(args: tuple[Any, ...]) -> str:
    if args[0] != "EVALSHA":
        return " ".join(map(str, args[:2]))
    keys = int(args[2])
    return " ".join([SCRIPT_NAMES[str(args[1])], *map(str, args[3 + keys : 6 + keys])])


class CutTransport(httpx.BaseTransport):
    """The way to Stripe, or to its files."""

    def __init__(self, actor: Actor, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._actor, self._answer = actor, answer

    @classmethod
    def to_api(cls, actor: Actor, stripe: FakeStripe) -> "CutTransport":
        return cls(actor, stripe.answer)

    @classmethod
    def to_files(cls, actor: Actor, stripe: FakeStripe) -> "CutTransport":
        return cls(actor, lambda request: stripe.file(request, actor))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        label = f"{request.method} {request.url.path}"
        return self._actor.io(label, lambda: self._answer(request), lambda: httpx.ReadError("no answer"))


class SharedStore:
    """A store in memory that all actors share; what is not committed is nowhere. Without an actor it is not cut."""

    def __init__(self, name: str, actor: Actor | None = None, objects: dict[str, bytes] | None = None) -> None:
        self.url = f"memory://{name}"
        self._name, self._actor = name, actor
        self._objects: dict[str, bytes] = {} if objects is None else objects

    def as_seen_by(self, actor: Actor) -> "SharedStore":
        """The same store, each call of this actor cut."""
        return SharedStore(self._name, actor, self._objects)

    def url_of(self, key: str) -> str:
        return f"{self.url}/{key}"

    @contextmanager
    def writer(self, key: str, *, content_type: str | None = None) -> Iterator["_Writer"]:
        yield _Writer(self, key)

    def put(self, key: str, data: bytes) -> None:
        self._io("put", key, lambda: self._objects.__setitem__(key, data))

    def create(self, key: str, data: bytes) -> bool:
        return self._io("create", key, lambda: self._objects.setdefault(key, data) is data)

    def get(self, key: str) -> bytes:
        stored = self._io("get", key, lambda: self._objects.get(key))
        if stored is None:
            raise NotFound(key)
        return stored

    def open(self, key: str) -> Iterator[bytes]:
        yield self.get(key)

    def size(self, key: str) -> int | None:
        return self._io("size", key, lambda: len(self._objects[key]) if key in self._objects else None)

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        def listed() -> list[str]:
            return sorted(key for key in self._objects if key.startswith(prefix) and key > after)

        yield from self._io("list", prefix, listed)

    def folders(self, prefix: str = "", after: str = "") -> Iterator[str]:
        folder, slash, _ = prefix.rpartition("/")
        yield from sorted({key.removeprefix(folder + slash).partition("/")[0] for key in self.list(prefix, after)})

    def delete(self, key: str) -> None:
        self._io("delete", key, lambda: self._objects.pop(key, None))

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def signed_url(self, key: str, for_s: int) -> SecretStr:
        raise NotSigned("nobody else sees this memory")

    def probe(self) -> None:
        """Nothing to prove."""

    def close(self) -> None:
        """Nothing to give back."""

    def _io(self, verb: str, key: str, effect: Callable[[], Any]) -> Any:
        if self._actor is None:
            return effect()
        named = _WRITING.sub("", key)  # else no two traces of a schedule are alike
        return self._actor.io(f"store {verb} {named}", effect, lambda: Unavailable("no answer"))


class _Writer:
    def __init__(self, store: SharedStore, key: str) -> None:
        self._store, self._key = store, key
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._written.append(data)

    def commit(self) -> None:
        self._store.put(self._key, b"".join(self._written))
