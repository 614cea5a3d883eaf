"""What a worker tries of the hosts of results, when, and what it says of it."""

import logging
import threading
from datetime import UTC, datetime

import pytest

from forebay.config.errors import ConfigError
from forebay.governor.deployment.host_reports import HostReport
from forebay.governor.errors import GovernorError
from forebay.landing.result_hosts import HostReach
from forebay.worker.host_watch import EVERY_S, SOON_S, HostWatch, Ways

NOW = datetime(2026, 11, 29, tzinfo=UTC)
HOST, OTHER = "stripeusercontent.com", "files.stripe.com"


class Network:
    """Where hosts can be closed, and what was said of it."""

    def __init__(self) -> None:
        self.closed: set[str] = set()
        self.tried: list[tuple[str, str | None]] = []
        self.reports: list[HostReport] = []
        self.refusing: Exception | None = None
        self.stopping = threading.Event()

    def reach(self, host: str, proxy: str | None) -> HostReach:
        self.tried.append((host, proxy))
        return HostReach(host=host, trouble="closed" if host in self.closed else "")

    def report(self, report: HostReport) -> None:
        if self.refusing:
            raise self.refusing
        self.reports.append(report)

    def ways(self) -> Ways:
        return {HOST: "http://proxy:3128", OTHER: None}

    def watch(self) -> HostWatch:
        return HostWatch(self.ways, self.reach, self.report, now=lambda: NOW, stopping=self.stopping)


@pytest.fixture
def network() -> Network:
    return Network()


def test_each_host_is_tried_once_an_hour_on_its_way(network: Network) -> None:
    pause_s = network.watch().round()

    assert pause_s == EVERY_S
    assert network.tried == [(HOST, "http://proxy:3128"), (OTHER, None)]
    assert network.reports == [HostReport(at=NOW, troubles={HOST: "", OTHER: ""})]


def test_what_cannot_be_reached_is_said_once_and_tried_sooner_until_it_can(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watch = network.watch()

    network.closed = {HOST}
    pauses = [watch.round(), watch.round()]
    network.closed = set()
    pauses.append(watch.round())

    assert pauses == [SOON_S, SOON_S, EVERY_S]
    assert [report.troubles[HOST] for report in network.reports] == ["closed", "closed", ""]
    assert [record.event for record in caplog.records] == ["host_not_reached", "host_reached"]


def test_a_redis_that_takes_no_word_is_told_soon(network: Network) -> None:
    network.refusing = GovernorError("Redis does not answer")

    assert network.watch().round() == SOON_S


def test_a_proxy_that_is_not_spoken_is_logged_and_ends_nothing(
    network: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_way() -> Ways:
        raise ConfigError("the environment names a proxy that is neither http:// nor https://")

    monkeypatch.setattr(network, "ways", no_way)

    assert network.watch().round() == EVERY_S
    assert "neither http" in caplog.text and network.reports == []


def test_its_thread_goes_on_after_a_bug_and_ends_when_it_is_told(network: Network) -> None:
    network.refusing = ZeroDivisionError("a bug")
    thread = threading.Thread(target=network.watch().run)
    thread.start()
    network.stopping.set()
    thread.join(10)

    assert not thread.is_alive()
