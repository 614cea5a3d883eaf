"""Opens what metrics are read from: a deployment's Redis and ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from forebay.cli.deployment import Deployment
from forebay.cli.following.known_data import known_data
from forebay.config.release_number import __version__
from forebay.metrics.collector import Collector
from forebay.metrics.extract_figures import ExtractReader
from forebay.metrics.ledger_figures import LedgerReading


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSource:
    """What answers a scrape, and what reads the ledger for it beforehand."""

    text: Callable[[], str]
    ledger: LedgerReading


def open_metrics(deployment: Deployment) -> MetricsSource:
    """Makes both; nothing is read yet."""
    extracts = ExtractReader(
        deployment.config.written, deployment.ledger, deployment.marks, partial(known_data, deployment)
    )
    ledger = LedgerReading(extracts, deployment.ledger.uses, lambda: datetime.now(UTC))
    collector = Collector(deployment.redis, lambda: ledger.figures, __version__)
    return MetricsSource(text=collector.text, ledger=ledger)
