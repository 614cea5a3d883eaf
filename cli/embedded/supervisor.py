"""Owns the embedded services of one data folder: a Valkey, and worker processes when asked for.

A process of its own (`supervisor_process.py`), started by `attach.py`, or ahead of it by `ahead.py`, in a session of
its own, where a terminal's Ctrl-C and its closing do not reach. Signals: SIGUSR1 asks for workers, SIGUSR2 says that a
command left and that it may go as soon as nothing is unfinished, SIGTERM ends it now: the workers warmly, then Valkey.
Without any it goes when all has been quiet for a while.
"""

import logging
import os
import queue
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from forebay.cli.embedded.backlog import attached, unfinished
from forebay.cli.embedded.children import EARLY_QUEUES, LATER_QUEUES
from forebay.cli.embedded.home import Home, Running, process_began
from forebay.cli.embedded.keeper import Keeper
from forebay.cli.embedded.orphan import end_orphan
from forebay.cli.embedded.prepared import Prepared
from forebay.cli.embedded.valkey import Valkey
from forebay.cli.errors import EmbeddedFailed
from forebay.governor.errors import GovernorError
from forebay.governor.redis_client import connect
from forebay.worker import logs

log = logging.getLogger("supervisor")

#: How long the second worker leaves the processors to the first, on which the first result waits.
LATER_S = 2.0
#: How long a detached supervisor outlives its last work: whoever comes back at once finds everything warm.
IDLE_S = 30.0
TICK_S = 0.5
#: A starting supervisor waits this long for one that is on its way out; see `Home.alive` too.
LOCK_PATIENCE_S = 2.0


class Supervisor:
    """Runs until it is told to end or nobody needs it."""

    def __init__(
        self, home: Home, environment: Mapping[str, str], settings_mark: str, worker: Prepared | None = None
    ) -> None:
        """Takes the process of its first worker, if it was prepared."""
        self._home = home
        self._valkey = Valkey(home)
        url = self._valkey.url
        pid = os.getpid()
        self._running = Running(pid=pid, url=url, settings_mark=settings_mark, began=process_began(pid))
        self._keepers = [
            Keeper(home, EARLY_QUEUES, environment, server=url, prepared=worker),
            Keeper(home, LATER_QUEUES, environment, server=url, after_s=LATER_S),
        ]
        self._client = connect(url)
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._working = False
        self._nobody_stays = False
        self._quiet_since: float | None = None

    def run(self) -> None:
        """Lives until it may go. Raises `EmbeddedFailed`."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, lambda signum, _frame: self._signals.put(signum))
        end_orphan(self._home)
        self._home.report(None)
        try:
            self._valkey.start()
            self._home.announce(self._running)
            log.info("started, pid %d", os.getpid())
            while not self._told_to_end() and not self._may_go():
                self._advance()
        finally:
            self._end()

    def _told_to_end(self) -> bool:
        """Waits for a signal, for one tick."""
        try:
            signum = self._signals.get(timeout=TICK_S)
        except queue.Empty:
            return False
        if signum == signal.SIGUSR1:
            self._working = True
        elif signum == signal.SIGUSR2:
            self._nobody_stays = True
        return signum in (signal.SIGTERM, signal.SIGINT)

    def _advance(self) -> None:
        if self._valkey.ended:
            log.warning("Valkey ended; starting it again")
            self._valkey.start()
        if self._working:
            for keeper in self._keepers:
                keeper.advance()
            self._home.report(next((keeper.trouble for keeper in self._keepers if keeper.trouble), None))

    def _may_go(self) -> bool:
        now = time.monotonic()
        if not self._quiet():
            self._quiet_since = None
            return False
        self._quiet_since = self._quiet_since or now
        if not self._nobody_stays and now - self._quiet_since < IDLE_S:
            return False
        # A command that attaches looks at the announcement after it connected, and we at the connections after we
        # took it back: one of the two sees the other.
        self._home.announce(None)
        if self._quiet():
            return True
        self._home.announce(self._running)
        return False

    def _quiet(self) -> bool:
        """Says whether nobody watches, and there is nothing that our workers would do."""
        try:
            return not attached(self._client) and not (self._working and unfinished(self._client))
        except GovernorError:
            return False

    def _end(self) -> None:
        self._home.announce(None)
        for keeper in self._keepers:
            keeper.ask_to_stop()
        for keeper in self._keepers:
            keeper.wait()
        self._client.close()
        self._valkey.stop()
        self._home.report(None)
        log.info("ended")


def supervise(data_dir: str, settings_mark: str, worker: Prepared | None = None) -> None:
    """Runs the process, unless the folder has a supervisor."""
    logs.set_up()
    home = Home(Path(data_dir))
    home.make()
    with home.held(LOCK_PATIENCE_S) as held:
        if not held:
            log.info("another supervisor has %s", home.data_dir)
            if worker:
                worker.drop()
            return
        try:
            Supervisor(home, os.environ, settings_mark, worker).run()
        except EmbeddedFailed as error:
            log.error("%s %s", error, error.way_out)
            sys.exit(1)
