"""Turns Redis's exceptions into ours, around every call of Redis in this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from forebay.governor.errors import GovernorError, LaneUnreconciled, LayoutMismatch, RedisUnavailable

#: What a server answers while it cannot write. redis-py takes the code off the text of those that it has a class for.
_CANNOT_WRITE = (OutOfMemoryError, ClusterDownError, MasterDownError, TryAgainError)
_CANNOT_WRITE_CODES = ("MISCONF", "BUSY", "NOREPLICAS")


@contextmanager
def translated() -> Iterator[None]:
    """Raises a Redis exception as one of ours; around a block, or before a function."""
    try:
        yield
    except RedisError as error:
        raise translation(error) from error


def translation(error: RedisError) -> GovernorError:
    """Names the exception of ours that tells the caller what to do next."""
    if "LAYOUT" in str(error):
        return LayoutMismatch(
            f"{error}: a newer layout needs a newer Forebay here; an older one is from before 0.1.0, and goes by "
            "emptying this Redis, into which `forebay rebuild` brings every batch back from the ledger"
        )
    if str(error).startswith("UNRECONCILED "):
        return LaneUnreconciled(str(error).removeprefix("UNRECONCILED "))
    if isinstance(error, NoPermissionError):
        return GovernorError(f"Redis refuses a command that Forebay needs: {error}")
    transient = isinstance(error, RedisConnectionError | RedisTimeoutError | ReadOnlyError)
    if transient or not isinstance(error, ResponseError):
        return RedisUnavailable(f"Redis does not answer as it should ({type(error).__name__}): {error}")
    if isinstance(error, _CANNOT_WRITE) or str(error).startswith(_CANNOT_WRITE_CODES):
        return RedisUnavailable(f"Redis cannot write now: {error}")
    return GovernorError(f"a script failed, which is a bug: {error}")
