"""Turns Redis's exceptions into ours, around every call of Redis in this package."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.sentinel import MasterNotFoundError

from forebay.governor.errors import (
    GovernorError,
    LaneUnreconciled,
    LayoutMismatch,
    RedisSilent,
    RedisUnavailable,
    WritesRefused,
)

#: What a server answers while it cannot serve. redis-py takes the code off the text of those that it has a class for.
_CANNOT_SERVE = (ClusterDownError, MasterDownError, TryAgainError)
_CANNOT_SERVE_CODES = ("BUSY",)

#: Which command, or which line of a script, was refused: it says nothing of why.
_WHERE = re.compile(r" script: .*", re.DOTALL)


@contextmanager
def translated() -> Iterator[None]:
    """Raises a Redis exception as one of ours; around a block, or before a function."""
    try:
        yield
    except (RedisError, RedisClusterException) as error:
        raise translation(error) from error


def translation(error: RedisError | RedisClusterException) -> GovernorError:
    """Names the exception of ours that tells the caller what to do next."""
    if isinstance(error, RedisClusterException):
        return RedisUnavailable(f"the Redis Cluster cannot be reached, or not all of it: {error}")
    if "LAYOUT" in str(error):
        return layout_mismatch(str(error).removeprefix("LAYOUT "))
    if str(error).startswith("UNRECONCILED "):
        return LaneUnreconciled(str(error).removeprefix("UNRECONCILED "))
    if isinstance(error, NoPermissionError):
        return GovernorError(f"Redis refuses a command that Forebay needs: {error}")
    if isinstance(error, MasterNotFoundError):
        return RedisUnavailable(without_primary(error))
    if isinstance(error, RedisTimeoutError):
        return RedisSilent(f"Redis gives no answer: {error}")
    transient = isinstance(error, RedisConnectionError | ReadOnlyError)
    if transient or not isinstance(error, ResponseError):
        return RedisUnavailable(f"Redis does not answer as it should ({type(error).__name__}): {error}")
    refused = _writes_refused(error)
    if refused:
        return WritesRefused(f"Redis refuses writes: {refused}")
    if isinstance(error, _CANNOT_SERVE) or str(error).startswith(_CANNOT_SERVE_CODES):
        return RedisUnavailable(f"Redis cannot serve now: {error}")
    return GovernorError(f"a script failed, which is a bug: {error}")


def without_primary(error: MasterNotFoundError, sentinels: str = "the sentinels") -> str:
    """Says why they lead to no server. The error's own text lists what each of them did, as Python sees that."""
    if "AuthenticationError" in str(error):
        return f"none of {sentinels} lets us in: their password (?sentinel_password=… of the URL) is wrong or missing"
    return f"none of {sentinels} can be reached and names a primary that is up (a failover takes them some seconds)"


def _writes_refused(error: ResponseError) -> str:
    """Says why the server refuses every write, whatever the command; empty if that is not what it says."""
    text = _WHERE.sub("", str(error))
    if isinstance(error, OutOfMemoryError):
        return "its memory is full (maxmemory)"
    if text.startswith("NOREPLICAS"):
        return f"too few of its replicas answer ({text})"
    if text.startswith("MISCONF"):
        cause = "its disk is full" if os.strerror(errno.ENOSPC) in text else "it cannot write to its disk"
        return f"{cause} ({text.partition('. ')[0]})"
    return ""


def layout_mismatch(found: str) -> LayoutMismatch:
    """Says what is to be done about data of another layout."""
    return LayoutMismatch(
        f"{found}: a newer layout needs a newer Forebay here; an older one is from before 0.1.0, and goes by emptying "
        "this Redis, into which `forebay rebuild` brings every batch back from the ledger"
    )
