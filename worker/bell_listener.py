"""Hears bells for the pump, in a thread of its own; while it hears none, the pump goes round all lanes itself."""

import logging
import threading
from collections.abc import Callable, Iterator

from forebay.governor.bell import Rung
from forebay.governor.errors import GovernorError

log = logging.getLogger(__name__)

#: How soon it listens again where it was refused.
AGAIN_S = 2.0


class BellListener:
    """Listens until it is stopped. Nobody waits for its end: it holds nothing."""

    def __init__(
        self,
        listen: Callable[[Callable[[], bool]], Iterator[Rung | None]],
        rung: Callable[[Rung], None],
        hears: Callable[[bool], None],
    ) -> None:
        """Takes `listen`, as `governor/bell.py` has it, whom to tell of bells, and of whether any can be heard."""
        self._listen, self._rung, self._hears = listen, rung, hears
        self._stopping = threading.Event()
        self._told = ""

    def start(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._run, name="bell-listener", daemon=True).start()

    def stop(self) -> None:
        """Lets the thread end."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for rung in self._listen(self._stopping.is_set):
                    if rung is None:
                        self._told = ""
                        self._hears(True)
                    else:
                        self._rung(rung)
            except GovernorError as error:
                self._deaf(str(error))
            except Exception:
                log.exception("listening failed, which is a bug", extra={"event": "bug"})
                self._deaf("a bug")
            self._stopping.wait(AGAIN_S)

    def _deaf(self, why: str) -> None:
        self._hears(False)
        if why != self._told and not self._stopping.is_set():
            self._told = why
            log.warning("no bell is heard, so all lanes are asked all the time: %s", why, extra={"event": "deaf"})
