"""A Redis that can be read and not written: its disk or its memory is full, on real servers."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from redis.exceptions import OutOfMemoryError, ResponseError

from forebay.governor.contract import LaneLimits
from forebay.governor.errors import WritesRefused
from forebay.governor.governor import Governor
from forebay.governor.redis_client import check_writes, connect, ping
from forebay.governor.redis_errors import translation
from forebay.governor.server_checks import check_server
from forebay.governor.view import View
from tests.servers.processes import wait_until
from tests.servers.valkey import valkey_on_a_disk

LIMITS = LaneLimits(cap=1, creates_per_s=1, retrieves_per_s=1, requests_per_s=1)
#: What the tests' server says, whose disk is none.
DISK = "it cannot write to its disk \\(MISCONF Errors writing to the AOF file: File too large\\)"
MEMORY = "its memory is full \\(maxmemory\\)"


def refuses(client: redis.Redis) -> bool:
    try:
        check_writes(client)
    except WritesRefused:
        return True
    return False


@contextmanager
def full_disk() -> Iterator[tuple[redis.Redis, Callable[[], None], Callable[[], None]]]:
    with valkey_on_a_disk() as (url, disk), connect(url) as client:
        yield client, disk.fill, disk.make_room


@contextmanager
def full_memory() -> Iterator[tuple[redis.Redis, Callable[[], None], Callable[[], None]]]:
    with valkey_on_a_disk() as (url, _), connect(url) as client:
        yield client, lambda: client.config_set("maxmemory", 1), lambda: client.config_set("maxmemory", 0)


@pytest.mark.parametrize(("server", "why"), [(full_disk, DISK), (full_memory, MEMORY)])
def test_a_full_redis_says_why_can_be_read_and_goes_on_by_itself(
    server: Callable[[], Iterator[tuple[redis.Redis, Callable[[], None], Callable[[], None]]]], why: str
):
    with server() as (client, fill, make_room):
        governor = Governor(client, "acme:live")
        governor.configure(LIMITS)
        fill()
        wait_until(lambda: refuses(client), "the first write to be refused")
        for write in (
            lambda: check_writes(client),
            lambda: check_server(client),
            lambda: governor.configure(LIMITS),
            lambda: governor.open_flow("b1", 1),
        ):
            with pytest.raises(WritesRefused, match=f"^Redis refuses writes: {why}$"):
                write()
        ping(client)
        assert View(client).lanes() == ["acme:live"]
        assert View(client).lane("acme:live").cap == 1
        make_room()
        wait_until(lambda: not refuses(client), "writes to be taken again")
        assert governor.open_flow("b1", 1)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ResponseError(f"MISCONF Errors writing to the AOF file: {os.strerror(errno.ENOSPC)} script: on @user:2."),
            "its disk is full (MISCONF Errors writing to the AOF file: No space left on device)",
        ),
        (
            ResponseError("MISCONF Valkey is configured to save RDB snapshots, but it cannot. Commands that may …"),
            "it cannot write to its disk (MISCONF Valkey is configured to save RDB snapshots, but it cannot)",
        ),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "its memory is full (maxmemory)"),
        (
            ResponseError("NOREPLICAS Not enough good replicas to write."),
            "too few of its replicas answer (NOREPLICAS Not enough good replicas to write.)",
        ),
    ],
)
def test_each_reason_has_a_sentence_of_its_own(error: ResponseError, sentence: str):
    told = translation(error)
    assert isinstance(told, WritesRefused)
    assert str(told) == f"Redis refuses writes: {sentence}"
