"""Tells how filling gaps gets on: to who sits before `forebay backfill`, or in the log of a process that does it for
the page.
"""

import logging
import sys
import time
from collections.abc import Iterable
from typing import Protocol

from forebay.cli.output import events, plain_text, words
from forebay.cli.output.cause import Cause, News
from forebay.store.ledger.outcomes import Closing

log = logging.getLogger(__name__)


class FillingTold(Protocol):
    """Who is told."""

    def ended(self, window: str, batch: str, closing: Closing) -> None:
        """Tells of a window that came to its end."""

    def stopped(self, window: str, reason: str) -> None:
        """Tells of a window that stands still until a person decides."""

    def in_the_way(self, causes: Iterable[Cause]) -> None:
        """Tells of what is in the way now: once of each, and once that it is over."""


class ToldHere:
    """Tells in the terminal, or as `--json` does."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._news, self._begun_s = News(), time.monotonic()

    def ended(self, window: str, batch: str, closing: Closing) -> None:
        """Tells of a window that ended."""
        if self._as_json:
            events.emit("window", window=window, batch=batch, outcome=closing.outcome)
            return
        came = f"{closing.landed} of {words.runs(closing.runs)}, {words.counted(closing.records, 'record')}"
        self._remark(f"{window}  {closing.outcome.replace('_', ' ')}  {came}  {batch}")

    def stopped(self, window: str, reason: str) -> None:
        """Tells of a window that was stopped; in JSON the result does."""
        if not self._as_json:
            self._remark(f"{window}: {reason}")

    def in_the_way(self, causes: Iterable[Cause]) -> None:
        """Tells what is new of it, and what is over."""
        events.tell_news(self._news, causes, time.monotonic() - self._begun_s, as_json=self._as_json)

    def _remark(self, text: str) -> None:
        plain_text.remark(text)
        sys.stderr.flush()


class ToldInLog:
    """Tells in the log what concerns one deed, which is on the page."""

    def __init__(self, extract: str) -> None:
        self._extract = extract
        self._news, self._begun_s = News(), time.monotonic()

    def ended(self, window: str, batch: str, closing: Closing) -> None:
        """Logs a window that ended."""
        about = {"event": "backfilled", "extract": self._extract, "window": window, "batch": batch}
        log.info("backfill of %s: %s %s", self._extract, window, closing.outcome, extra=about)

    def stopped(self, window: str, reason: str) -> None:
        """Logs a window that was stopped."""
        about = {"event": "backfill_stopped", "extract": self._extract, "window": window}
        log.warning("backfill of %s: %s: %s", self._extract, window, reason, extra=about)

    def in_the_way(self, causes: Iterable[Cause]) -> None:
        """Logs what is new of it."""
        elapsed_s = time.monotonic() - self._begun_s
        for cause in self._news.begun(causes, elapsed_s):
            about = {"event": "backfill_waits", "extract": self._extract, "lane": cause.lane or None}
            log.warning("backfill of %s: %s", self._extract, cause.line, extra=about)
        for over in self._news.over(elapsed_s):
            about = {"event": "backfill_goes_on", "extract": self._extract, "lane": over.lane or None}
            log.info("backfill of %s: over: %s", self._extract, over.message, extra=about)
