"""Servers that tests of several folders share: each is started once a session, on a free loopback port."""

import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
import redis

from forebay.governor.redis_client import connect
from tests.landing.manifest_checker import check_all_manifests
from tests.servers.processes import wait_until
from tests.servers.s3 import s3_server
from tests.servers.session_valkey import SessionValkey
from tests.servers.valkey import valkey_server

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# What a shell starts in the background ignores interrupts, and so would each process that a test starts to interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: For so long a test goes by the day at most.
TEST_OF_A_DAY_S = 45


@pytest.fixture(scope="session")
def session_valkey() -> Iterator[SessionValkey]:
    """A real Valkey for the whole session. It gives its URL to nobody who does not have it emptied."""
    with valkey_server() as url:
        yield SessionValkey(url)


@pytest.fixture
def valkey_url(session_valkey: SessionValkey) -> Iterator[str]:
    """The session's Valkey, emptied: lanes of one name are many tests'. Who starts processes at it ends them, too."""
    with session_valkey.emptied() as url:
        yield url


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of it."""
    with connect(valkey_url) as client:
        yield client


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The endpoint of a real S3 server for the whole session."""
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def today() -> datetime:
    """The midnight (UTC) at which the day began that it is, and still is when the test ends.

    What is tested asks the clock itself, so a test that would begin right before midnight waits for the next day.
    """

    def midnight(after_s: float = 0) -> datetime:
        moment = datetime.now(UTC) + timedelta(seconds=after_s)
        return moment.replace(hour=0, minute=0, second=0, microsecond=0)

    wait_until(lambda: midnight() == midnight(TEST_OF_A_DAY_S), "the next day", deadline_s=TEST_OF_A_DAY_S + 10)
    return midnight()


@pytest.fixture(autouse=True)
def published_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever manifest a test writes, it is as its published schema says."""
    check_all_manifests(monkeypatch)


EXIT_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the process here, so that pytest's summary is its last line.

    At the interpreter's own end DuckDB's binding reports the constants of its module as leaked, whenever something
    (hypothesis, for one) keeps that module alive; nothing of ours is left to be closed by then.
    """
    if EXIT_STATUS in config.stash and not hasattr(config, "workerinput"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT_STATUS])
