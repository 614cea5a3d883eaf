"""Every error of ours has a class and an exit code."""

import errno
import os
from collections.abc import Iterator

import pytest

from forebay.cli import errors as cli
from forebay.cli.exits import Exit, report
from forebay.config import errors as config
from forebay.events import errors as events
from forebay.governor import errors as governor
from forebay.landing import errors as landing
from forebay.queryrun import errors as queryrun
from forebay.scheduler import errors as scheduler
from forebay.store import errors as store


def _kinds(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


ROOTS = (
    config.ConfigError,
    events.QueueError,
    governor.GovernorError,
    landing.LandingError,
    queryrun.QueryRunError,
    scheduler.SchedulerError,
    store.StoreError,
)


@pytest.mark.parametrize("kind", [kind for root in ROOTS for kind in _kinds(root)], ids=lambda kind: kind.__name__)
def test_no_error_of_ours_ends_as_an_internal_one(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    error.args = ("what happened",)
    error.message, error.status, error.code, error.request_id = "what happened", None, None, None  # type: ignore[attr-defined]

    assert report(error).kind != "internal"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (config.ConfigError("x"), Exit.USAGE),
        (config.SecretError("x"), Exit.AUTH),
        (scheduler.InputError("x"), Exit.USAGE),
        (scheduler.BatchUnknown("b"), Exit.USAGE),
        (queryrun.AuthError("x", status=401), Exit.AUTH),
        (queryrun.ProviderError("x"), Exit.INTERNAL),
        (events.QueueRefused("x"), Exit.USAGE),
        (events.QueueAway("x"), Exit.INTERNAL),
        (governor.RedisUnavailable("x"), Exit.INTERNAL),
        (governor.RedisUnsuitable("x"), Exit.USAGE),
        (store.Unavailable("x"), Exit.INTERNAL),
        (store.BadUrl("x"), Exit.USAGE),
        (cli.PreflightFailed("x", way_out="y", exit_code=2, kind="sink"), Exit.USAGE),
        (cli.WorkersDown("x"), Exit.INTERNAL),
        (cli.NotHere("x"), Exit.USAGE),
        (ZeroDivisionError("x"), Exit.INTERNAL),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_an_error_ends_with_the_code_of_its_class(error: Exception, code: Exit) -> None:
    assert report(error).exit_code is code


def test_a_refused_key_brings_its_way_out() -> None:
    said = report(queryrun.AuthError("no", status=401))

    assert "copied whole" in said.way_out


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.ENOTDIR])
def test_what_this_machine_refuses_is_no_fault_of_ours(number: int) -> None:
    said = report(OSError(number, os.strerror(number), ".forebay/schema.json"))

    assert (said.kind, said.exit_code) == ("machine", Exit.INTERNAL)
    assert said.message == f".forebay/schema.json: {os.strerror(number)}"
    assert "fault of Forebay" not in said.way_out
    assert report(OSError(number, "no file")).message == "no file"
    assert report(OSError(errno.EBADF, "a handle that was closed")).kind == "internal"
