"""Writes numbers, times and states for people. Pure functions."""

from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

from forebay.config.written_amounts import age as age
from forebay.config.written_amounts import duration as duration
from forebay.config.written_amounts import size as size
from forebay.governor.deployment.heartbeats import SENDING
from forebay.governor.seen import ClosedGate
from forebay.landing.result_paths import folder_of
from forebay.store.ledger.records import BatchTerms
from forebay.store.urls import without_options


def money(amount: Decimal, currency: str | None) -> str:
    """Writes `1,234.50 USD`; of less than a hundredth its first two digits: `0.0024 USD`."""
    digits = 2 if amount == 0 or amount.adjusted() >= -2 else min(9, 1 - amount.adjusted())
    return f"{amount:,.{digits}f} {currency}" if currency else f"{amount:,.{digits}f}"


def runs(count: int) -> str:
    """Writes `1 run`, `2,000 runs`."""
    return counted(count, "run")


def counted(count: int, one: str, many: str = "") -> str:
    """Writes `1 query`, `2,000 queries`; `many` where it is more than an s."""
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"


def gate_times(closed: ClosedGate, now_ms: int) -> str:
    """Says since when nothing is sent, and when the next try is."""
    since, wait = (now_ms - closed.since_ms) / 1000, max(0.0, (closed.until_ms - now_ms) / 1000)
    again = f"next try in {duration(wait + 1)}" if wait else "trying now"
    return f"for {duration(since)}, {again}"


def moment_option(moment: datetime) -> str:
    """Writes a moment as an option takes it, by the clock of its zone: the day alone where it is a day's first."""
    return f"{moment:%Y-%m-%d}" if moment.time() == time.min else f"{moment:%Y-%m-%dT%H:%M}"


def complainer(who: str) -> str:
    """Says whose complaint it is that work cannot be done: a host's, or that of all that send."""
    return "nothing is sent to Stripe" if who == SENDING else f"a worker of {who} lives and does not work"


def place(url: str) -> str:
    """Writes a destination as one would type it: a folder below this one without what leads here."""
    parts = urlsplit(url)
    if parts.scheme not in ("", "file"):
        return without_options(url)
    path = Path(unquote(parts.path) if parts.scheme else url)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def folder(batch: BatchTerms) -> str:
    """Writes where the results of a batch are: its folder in the destination."""
    return f"{place(batch.output).rstrip('/')}/{folder_of(batch)}"


def first_line(text: str, most: int = 160) -> str:
    """Makes one line of a message, cut at a bound."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
