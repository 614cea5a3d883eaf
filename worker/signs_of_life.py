"""Says whether this worker process lives and works: to other processes by Redis, and to probes by files.

The pump calls both: `beat` with a tick that went well, so that nothing is said where Redis or the broker is gone, and
`went_round` with each, so that a restart, which would mend neither, is asked for only where the process itself hangs.
"""

import logging
import socket
from collections.abc import Callable

from forebay.governor.deployment.heartbeats import SENDING, Heartbeats
from forebay.runtime.runtime import Runtime

log = logging.getLogger(__name__)

#: How long the pump's word that it lives is good for.
ALIVE_S = 15
#: A step that did not get on for so long has lost its run long ago (its custody is 60 s), and no exchange with Stripe
#: may take so long. A store that does not answer can (four tries of 65 s): then nothing gets on, and that is the word.
SILENT_S = 180.0
#: Longer than any exchange with anybody and its repetitions may take: threads that are still at it hang for ever.
HUNG_S = 900.0


class SignsOfLife:
    """What one process says of itself."""

    def __init__(
        self, runtime: Runtime, threads: int, look_at_ledger: Callable[[], None], trouble: Callable[[], str | None]
    ) -> None:
        """Takes the number of its threads for steps, and what says why nothing can be sent, if so."""
        self._runtime, self._threads = runtime, threads
        self._look_at_ledger, self._trouble = look_at_ledger, trouble

    def beat(self) -> None:
        """Says in Redis that this process is alive, unless none of its threads gets on: then it says that.

        What keeps it from sending is said besides: looks and downloads go on.
        """
        self._look_at_ledger()
        heartbeats, node = Heartbeats(self._runtime.redis), socket.gethostname()
        if sending := self._trouble():
            heartbeats.complain(SENDING, sending, ALIVE_S)
        silent = self._runtime.under_way.silent(SILENT_S)
        if len(silent) < self._threads:
            heartbeats.beat(node, ALIVE_S)
            self._runtime.health.ready()
            return
        trouble = f"none of its {self._threads} threads has got on for {SILENT_S:.0f} s, the longest with {silent[0]}"
        log.error("%s", trouble, extra={"event": "stuck"})
        heartbeats.complain(node, trouble, ALIVE_S)

    def went_round(self) -> None:
        """Says in a file that the pump goes round, unless all threads hang: a new process would have others."""
        if len(self._runtime.under_way.silent(HUNG_S)) < self._threads:
            self._runtime.health.alive()
