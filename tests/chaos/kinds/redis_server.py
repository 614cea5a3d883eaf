"""Strikes at Valkey: killed, stopped, paused, cut off, full, put back to what it was, emptied."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.stage import Stage


@contextmanager
def _killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def _stopped(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send(signal.SIGCONT)


@contextmanager
def _paused(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.client.client_pause(60_000, all=False)
    try:
        yield
    finally:
        server.client.client_unpause()


@contextmanager
def _cut_off(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.client.client_kill_filter(_type="normal")
    yield


@contextmanager
def _full(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        server.client.config_set("maxmemory", 0)


@contextmanager
def _disk_full(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.let_files_grow(grow=False)
    try:
        yield
    finally:
        server.let_files_grow(grow=True)


@contextmanager
def _put_back(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    copy = server.keep_copy()
    yield
    server.put_back(copy)


@contextmanager
def _flushed(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.surely(lambda client: client.flushall())
    yield


@contextmanager
def _flushed_and_rebuilt(stage: Stage, dice: random.Random) -> Iterator[None]:
    server = stage.servers.one(dice)
    server.surely(lambda client: client.flushall())
    stage.forebay("rebuild", "--json")
    yield


def _kind(name: str, does: str, lasts_s: tuple[float, float], strike: Strikes, *, quick: bool = False) -> Kind:
    return Kind(name=name, subject="valkey", does=does, lasts_s=lasts_s, strike=strike, quick=quick)


KINDS = [
    _kind("Valkey killed", "SIGKILL, and a restart from its AOF", (0.5, 4), _killed, quick=True),
    _kind("Valkey stopped", "SIGSTOP, then SIGCONT", (3, 8), _stopped),
    _kind("Valkey paused", "CLIENT PAUSE of writes and scripts", (3, 8), _paused),
    _kind("Valkey cut off", "all connections killed", (0, 0), _cut_off, quick=True),
    _kind("Valkey full", "over maxmemory: writes are refused", (2, 6), _full),
    _kind("Valkey's disk full", "the AOF cannot grow: writes are refused", (3, 6), _disk_full),
    _kind("Valkey put back", "restarted on an AOF of some seconds before", (2, 8), _put_back),
    _kind("Valkey flushed", "FLUSHALL, and nobody helps", (0, 0), _flushed),
    _kind("Valkey flushed, rebuilt", "FLUSHALL, and `forebay rebuild` at once", (0, 0), _flushed_and_rebuilt),
]
