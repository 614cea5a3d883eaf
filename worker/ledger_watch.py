"""Ends this worker once Redis works for its ledger at another place: what it writes here would be lost.

Called by the pump after each of its rounds (`bootsteps.py`); Redis is asked every other second.
"""

import logging
from collections.abc import Callable

from forebay.runtime.one_ledger import LedgerElsewhere
from forebay.store.errors import StoreError

log = logging.getLogger(__name__)

EVERY_S = 2.0


class LedgerWatch:
    """Looks whether this process works on the ledger that Redis works for. One thread uses it."""

    def __init__(self, claim: Callable[[], None], end: Callable[[], None], monotonic_s: Callable[[], float]) -> None:
        """Takes `claim`, which raises `LedgerElsewhere`, and `end`, which ends this process."""
        self._claim, self._end, self._monotonic_s = claim, end, monotonic_s
        self._next_s = monotonic_s()

    def look(self) -> None:
        """Looks, if it is time. Raises `GovernorError`."""
        if self._monotonic_s() < self._next_s:
            return
        self._next_s = self._monotonic_s() + EVERY_S
        try:
            self._claim()
        except LedgerElsewhere as error:
            log.critical("%s", error, extra={"event": "ledger_elsewhere"})
            self._end()
        except StoreError as error:
            log.warning("which ledger this is cannot be read: %s", error, extra={"event": "ledger_unread"})
