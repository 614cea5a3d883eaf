"""Keeps one worker process of the supervisor alive: starts it, starts it again when it dies, stops it warmly.

A worker that dies now and then costs nothing but its restart: what it held is due again by itself. One that dies as
soon as it starts will do so for ever (a bad setting, a broken installation), so a person is told.
"""

import logging
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from forebay.cli.embedded.children import prepared_worker
from forebay.cli.embedded.home import Home, Trouble
from forebay.cli.embedded.prepared import Prepared

log = logging.getLogger("supervisor")

#: Dying earlier than this after its start is dying at the start.
SHORT_LIFE_S = 10.0
DEATHS_TO_TELL = 3
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
#: Celery's warm shutdown waits for its steps; a long download hands its run back at once.
STOP_S = 20.0


class Keeper:
    """Keeps one worker alive."""

    def __init__(
        self,
        home: Home,
        queues: str,
        environment: Mapping[str, str],
        *,
        server: str = "",
        prepared: Prepared | None = None,
        after_s: float = 0.0,
    ) -> None:
        """Takes Celery's `queues`, with commas, and the URL of the `server` that it works with.

        Its first process may be one that was `prepared`, and begins `after_s` it was first asked for.
        """
        self.queues = queues
        self._home = home
        self._environment = environment
        self._server = server
        self._prepared = prepared
        self._after_s = after_s
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._not_before: float | None = None
        self._deaths = 0

    def advance(self) -> None:
        """Starts the process if there is none and its time has come."""
        now = time.monotonic()
        if self._not_before is None:
            self._not_before = now + self._after_s
        if self._process and (ended_with := self._process.poll()) is not None:
            self._note_death(now, ended_with)
        if self._process is None and now >= self._not_before:
            self._start(now)
        elif self._process and now - self._started > SHORT_LIFE_S:
            self._deaths = 0

    @property
    def trouble(self) -> Trouble | None:
        if self._deaths < DEATHS_TO_TELL:
            return None
        return Trouble(worker=self.queues, deaths=self._deaths, log=str(self._log))

    @property
    def _log(self) -> Path:
        return self._home.logs / f"{self._name}.log"

    @property
    def _name(self) -> str:
        return f"worker-{self.queues.replace(',', '-')}"

    def _note_death(self, now: float, ended_with: int) -> None:
        self._process = None
        how = f"by signal {-ended_with}" if ended_with < 0 else f"with exit code {ended_with}"
        self._try_later(now, f"ended {how}")

    def _try_later(self, now: float, what: str) -> None:
        self._deaths = self._deaths + 1 if now - self._started < SHORT_LIFE_S else 1
        wait_s = min(FIRST_WAIT_S * 2 ** (self._deaths - 1), LONGEST_WAIT_S)
        self._not_before = now + wait_s
        log.warning("the worker for %s %s; starting it again in %.1f s", self.queues, what, wait_s)

    def _start(self, now: float) -> None:
        """Starts it. A machine without room for another process or file has some later: Valkey is to live on."""
        self._started = now
        try:
            self._process = self._started_process()
        except OSError as error:
            self._try_later(now, f"cannot be started ({error.strerror})")

    def _started_process(self) -> "subprocess.Popen[bytes]":
        with self._home.open_log(self._name) as log:
            prepared, self._prepared = self._prepared, None
            if not (prepared and self._begins(prepared)):
                prepared = prepared_worker(self.queues, self._environment, log)
                self._begins(prepared)
        return prepared.process

    def _begins(self, prepared: Prepared) -> bool:
        return prepared.tell(log=str(self._log), server=self._server)

    def ask_to_stop(self) -> None:
        if self._prepared:
            self._prepared.drop()
            self._prepared = None
        if self._process:
            self._process.terminate()

    def wait(self) -> None:
        """Waits after `ask_to_stop` until it has ended, by force if it must be."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None
