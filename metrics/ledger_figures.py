"""Keeps what the ledger last told for metrics, so that no scrape waits for an object store, or pays for one."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from forebay.config.errors import ConfigError
from forebay.governor.errors import GovernorError
from forebay.metrics.extract_figures import ExtractFigures, ExtractReader
from forebay.metrics.unlanded_results import ExpiringReader, UnlandedResult
from forebay.store.errors import StoreError
from forebay.store.ledger.use_records import UseRecords

log = logging.getLogger(__name__)

#: How often the ledger is read. A window lands once an hour or a day; each reading costs some LISTs an extract.
EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures:
    """What the ledger told."""

    extracts: Sequence[ExtractFigures] = ()
    expiring: Sequence[UnlandedResult] = ()
    read_at: datetime | None = None
    """When it was last read whole; None: never."""
    answers: bool | None = None
    """Whether it could be read the last time; None: nobody tried yet."""


class LedgerReading:
    """Reads the ledger now and then. `figures` may be read by any thread; one reads the ledger."""

    def __init__(self, extracts: ExtractReader, uses: UseRecords, now: Callable[[], datetime]) -> None:
        self._extracts, self._expiring, self._now = extracts, ExpiringReader(uses), now
        self._stopped = threading.Event()
        self.figures = LedgerFigures()

    def read(self) -> None:
        """Reads it once. What cannot be read leaves what was known."""
        now = self._now().astimezone(UTC)
        try:
            self.figures = LedgerFigures(
                extracts=self._extracts.read(now), expiring=self._expiring.read(now), read_at=now, answers=True
            )
        except (StoreError, ConfigError) as error:
            before = self.figures
            if before.answers is not False:
                log.warning("the ledger cannot be read: %s", error, extra={"event": "ledger_unread"})
            self.figures = replace(before, answers=False)
        except GovernorError:
            # What tells of data is in Redis: the collector says that it is away, and the ledger is not to blame.
            log.warning("extracts are not read: Redis does not answer", extra={"event": "ledger_unread"})

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Reads in a thread of its own while the block lasts."""
        threading.Thread(target=self._run, name="ledger-figures", daemon=True).start()
        try:
            yield
        finally:
            self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.read()
            except Exception:
                # A thread that ended would leave the last figures, and a ledger that answers, for ever.
                log.exception("a fault of ours keeps the ledger from being read", extra={"event": "ledger_unread"})
                self.figures = replace(self.figures, answers=False)
            self._stopped.wait(EVERY_S)
