"""Loses what Redis knew, in the ways in which a real one does."""

import secrets
from typing import Any

from tests.worker.conftest import World

Snapshot = dict[str, bytes]


def snapshot(world: World) -> Snapshot:
    """Keeps what Redis holds now, to be put back later."""
    raw: Any = world.rt.redis
    return {key: raw.dump(key) for key in raw.scan_iter()}


def put_back(world: World, held: Snapshot) -> None:
    """Makes Redis hold what it held, as data of a server that is gone: after a failover, a restore, a power loss."""
    raw: Any = world.rt.redis
    raw.flushall()
    for key, value in held.items():
        raw.restore(key, 0, value)
    for lane in world.view.lanes():
        raw.hset(f"fb:{{{lane}}}:cfg", "server", f"gone-{secrets.token_hex(4)}")
