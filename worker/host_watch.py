"""Tries from where this worker runs whether the hosts of results are reached: a thread in each process.

A network that lets nothing out to them would show at the first landing, when the run was spent. What is found stands in
Redis for `doctor`, and in the log where it changes. Each process tries when it starts and then every hour; what could
not be reached is tried again sooner, since somebody may be at it.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from forebay.config.errors import ConfigError
from forebay.governor.deployment.host_reports import HostReport
from forebay.governor.errors import GovernorError
from forebay.landing.result_hosts import HostReach

log = logging.getLogger(__name__)

EVERY_S = 3600.0
#: While a host cannot be reached, or Redis takes no word of it.
SOON_S = 300.0
#: How long a report is believed: longer than until the next one.
GOOD_FOR_S = 2 * 3600

#: A host as `host` or `host:port` → the proxy on the way to it; None for a direct way.
Ways = Mapping[str, str | None]


class HostWatch:
    """Tries the hosts, and reports. One thread uses it."""

    def __init__(
        self,
        ways: Callable[[], Ways],
        reach: Callable[[str, str | None], HostReach],
        report: Callable[[HostReport], None],
        *,
        now: Callable[[], datetime],
        stopping: threading.Event,
    ) -> None:
        self._ways = ways
        self._reach = reach
        self._report = report
        self._now = now
        self._stopping = stopping
        self._told: dict[str, str] = {}

    def run(self) -> None:
        """Makes rounds until it is told to stop."""
        while not self._stopping.is_set():
            try:
                pause_s = self.round()
            except Exception:
                log.exception("trying the hosts of results failed, which is a bug", extra={"event": "bug"})
                pause_s = EVERY_S
            self._stopping.wait(pause_s)

    def round(self) -> float:
        """Tries each host once; returns after how many seconds it is worth trying again."""
        try:
            ways = self._ways()
        except ConfigError as error:  # a proxy that is not spoken: landings say so, too
            log.warning("the way to the hosts of results is not known: %s", error, extra={"event": "no_way_to_hosts"})
            return EVERY_S
        found = [self._reach(host, proxy) for host, proxy in ways.items()]
        troubles = {each.host: each.trouble for each in found}
        for host, trouble in troubles.items():
            self._tell(host, trouble)
        try:
            self._report(HostReport(at=self._now(), troubles=troubles))
        except GovernorError:
            return SOON_S  # the pump says so
        return SOON_S if any(troubles.values()) else EVERY_S

    def _tell(self, host: str, trouble: str) -> None:
        before = self._told.get(host, "")
        self._told[host] = trouble
        if trouble and trouble != before:
            words = "results come from %s, which is not reached from here: %s"
            log.warning(words, host, trouble, extra={"event": "host_not_reached", "host": host})
        elif before and not trouble:
            log.info("%s is reached again", host, extra={"event": "host_reached", "host": host})
