"""Answers a scrape: reads Redis now, takes what the ledger last told, and writes both as metrics.

State is in Redis and in the ledger, and workers come and go. So one place reads for all of them, and whoever scrapes
two such processes gets the same truth twice: rules take `max by (lane)`, never a sum over instances.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time

from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import BEAT, Heartbeats
from forebay.governor.errors import GovernorError
from forebay.governor.lane_figures import AllLanes
from forebay.governor.redis_client import Client
from forebay.governor.server_memory import server_memory
from forebay.metrics import catalogue
from forebay.metrics.exposition import Exposition
from forebay.metrics.extract_figures import ExtractFigures, seconds
from forebay.metrics.lane_metrics import add_lane
from forebay.metrics.ledger_figures import LedgerFigures
from forebay.metrics.unlanded_results import UnlandedResult
from forebay.scheduler.extracts.decisions import State


class Collector:
    """Collects what there is when it is asked. Thread safe."""

    def __init__(self, redis: Client, ledger: Callable[[], LedgerFigures], version: str) -> None:
        """Takes what gives the figures of the ledger, which is read elsewhere."""
        self._redis, self._ledger, self._version = redis, ledger, version
        self._lanes = AllLanes(redis)

    def text(self) -> str:
        """Writes all metrics. Redis being away is told as a metric, and what the ledger said stays."""
        to, ledger = Exposition(), self._ledger()
        to.add(catalogue.BUILD, 1, self._version)
        redis_answers = self._add_redis(to)
        to.add(catalogue.SOURCE_UP, int(redis_answers), "redis")
        if ledger.answers is not None:
            to.add(catalogue.SOURCE_UP, int(ledger.answers), "ledger")
        if ledger.read_at:
            to.add(catalogue.LEDGER_READ, seconds(ledger.read_at))
        for extract in ledger.extracts:
            _add_extract(to, extract)
        _add_expiring(to, ledger.expiring)
        return to.text()

    def _add_redis(self, to: Exposition) -> bool:
        try:
            alive, complaints = Heartbeats(self._redis).alive(), Heartbeats(self._redis).troubles()
            put_off, memory = ClosingQueue(self._redis).troubles(), server_memory(self._redis)
            lanes, unread = self._lanes.read()
        except GovernorError:
            return False
        beats = sum(node.startswith(BEAT) for node in alive)
        to.add(catalogue.WORKERS, len(alive) - beats)
        to.add(catalogue.STUCK, len(complaints))
        to.add(catalogue.BEATS, beats)
        to.add(catalogue.PUT_OFF, len(put_off))
        to.add(catalogue.UNREADABLE, len(unread))
        if memory:
            to.add(catalogue.MEMORY_USED, memory.used_bytes)
            if memory.most_bytes:
                to.add(catalogue.MEMORY_MOST, memory.most_bytes)
        for lane in lanes:
            add_lane(to, lane)
        return True


def _add_extract(to: Exposition, figures: ExtractFigures) -> None:
    extract = figures.extract
    moments = {
        catalogue.LAST_LANDED: figures.last_landed,
        catalogue.PROMISED: figures.promised,
        catalogue.LAST_SUCCESS: figures.last_success,
    }
    for metric, moment in moments.items():
        if moment:
            to.add(metric, seconds(moment), extract)
    for state in State:
        to.add(catalogue.WINDOWS, figures.windows.get(state, 0), extract, state)
    to.add(catalogue.UNSUBMITTED, figures.unsubmitted, extract)
    if figures.coverage is not None:
        to.add(catalogue.COVERAGE, figures.coverage, extract)
    if figures.checks_failed is not None:
        to.add(catalogue.CHECKS_FAILED, figures.checks_failed, extract)
    to.add(catalogue.EXTRACT_PAUSED, int(figures.paused), extract)


def _add_expiring(to: Exposition, results: Iterable[UnlandedResult]) -> None:
    of_connection: defaultdict[str, list[UnlandedResult]] = defaultdict(list)
    for result in results:
        of_connection[result.connection].append(result)
    for connection, own in of_connection.items():
        to.add(catalogue.EXPIRING, len(own), connection)
        to.add(
            catalogue.EXPIRING_OLDEST,
            seconds(datetime.combine(min(result.day for result in own), time.min, UTC)),
            connection,
        )
