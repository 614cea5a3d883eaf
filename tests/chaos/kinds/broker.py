"""Strikes at the broker's lists: what no worker of ours wrote, orders to all workers, messages gone or doubled."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from forebay.governor.keys import BROKER_PREFIX
from forebay.governor.states import Step
from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.stage import Stage

#: Within the server, since what others queued may be no text.
DOUBLED = "for _, message in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do redis.call('LPUSH', KEYS[1], message) end"
GARBAGE: list[bytes | str] = ["5", "garbage", "", "[]", "null", "{}", '{"body": "x"}', b"\x00\xff\xfe\x01" * 8]


@contextmanager
def _garbage(stage: Stage, dice: random.Random) -> Iterator[None]:
    for step in Step:
        words = dice.sample(GARBAGE, len(GARBAGE))
        stage.servers.broker.surely(lambda client, step=step, words=words: client.lpush(BROKER_PREFIX + step, *words))  # type: ignore[misc]
    yield


@contextmanager
def _shutdown_broadcast(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Publishes what `celery control shutdown` does, to whatever queue a worker's mailbox has."""
    app = Celery("stranger", broker=stage.servers.broker.url)
    app.conf.broker_transport_options = {"global_keyprefix": BROKER_PREFIX}
    app.control.broadcast("shutdown")
    app.close()
    yield


@contextmanager
def _messages_lost(stage: Stage, dice: random.Random) -> Iterator[None]:
    stage.servers.broker.surely(lambda client: client.delete(*(BROKER_PREFIX + step for step in Step)))
    yield


@contextmanager
def _messages_doubled(stage: Stage, dice: random.Random) -> Iterator[None]:
    for step in Step:
        stage.servers.broker.surely(lambda client, step=step: client.eval(DOUBLED, 1, BROKER_PREFIX + step))  # type: ignore[misc]
    yield


def _kind(name: str, does: str, strike: Strikes, *, quick: bool = False) -> Kind:
    return Kind(name=name, subject="broker", does=does, lasts_s=(0, 0), strike=strike, quick=quick)


KINDS = [
    _kind("broker garbage", "`5`, `garbage`, nothing, bytes and half messages in each queue", _garbage, quick=True),
    _kind("shutdown broadcast", "a stranger's `celery control shutdown`", _shutdown_broadcast),
    _kind("messages lost", "all queues deleted", _messages_lost, quick=True),
    _kind("messages doubled", "every message that is queued, once more", _messages_doubled, quick=True),
]
