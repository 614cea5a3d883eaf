"""Writes what Redis tells of lanes as metrics."""

from forebay.config.standing import FlowClass
from forebay.governor.lane_figures import BOUNDS_S, LaneFigures
from forebay.governor.states import Step
from forebay.metrics import catalogue
from forebay.metrics.exposition import Exposition

_DURATIONS = {
    "queue": catalogue.QUEUE_DURATION,
    "query": catalogue.QUERY_DURATION,
    "landing": catalogue.LANDING_DURATION,
}


def add_lane(to: Exposition, figures: LaneFigures) -> None:
    """Adds all that there is of one lane. What never happened in a lane is absent, but for totals, which begin at 0."""
    _add_now(to, figures)
    _add_totals(to, figures)


def _add_now(to: Exposition, figures: LaneFigures) -> None:
    lane = figures.lane
    for flow_class, held in figures.held.items():
        to.add(catalogue.SLOTS_HELD, held, lane, flow_class)
    to.add(catalogue.SLOTS_LIMIT, figures.limit, lane)
    to.add(catalogue.SLOTS_CAP, figures.cap, lane)
    to.add(catalogue.SLOTS_MARGIN, figures.margin, lane)
    for state, runs in figures.runs.items():
        to.add(catalogue.LANE_RUNS, runs, lane, state)
    for flow_class in FlowClass:
        to.add(catalogue.OLDEST_WAITING, (figures.oldest_waiting_ms[flow_class] or 0) / 1000, lane, flow_class)
    for step in Step:
        to.add(catalogue.OVERDUE, (figures.overdue_ms[step] or 0) / 1000, lane, step)
    to.add(catalogue.OLDEST_UNLANDED, (figures.oldest_ready_ms or 0) / 1000, lane)
    for gate, closed in figures.closed.items():
        to.add(catalogue.GATE_CLOSED, int(closed), lane, gate)
    to.add(catalogue.LANE_PAUSED, int(figures.paused), lane)
    to.add(catalogue.UNRECONCILED, int(figures.unreconciled), lane)


def _add_totals(to: Exposition, figures: LaneFigures) -> None:
    lane = figures.lane
    for gate, closings in figures.closings.items():
        to.add(catalogue.GATE_CLOSINGS, closings, lane, gate)
    for operation, requests in figures.requests.items():
        to.add(catalogue.REQUESTS, requests, lane, operation)
    for outcome, runs in figures.settled.items():
        to.add(catalogue.RUNS, runs, lane, outcome)
    for error_class, runs in figures.failed.items():
        to.add(catalogue.FAILURES, runs, lane, error_class)
    for what, metric in _DURATIONS.items():
        durations = figures.durations[what]
        to.add_histogram(metric, BOUNDS_S, durations.counts, durations.sum_ms / 1000, lane)
    to.add(catalogue.LANDED_BYTES, figures.stored_bytes, lane)
    to.add(catalogue.LANDED_RECORDS, figures.records, lane)
    for kind, repairs in figures.repairs.items():
        to.add(catalogue.REPAIRS, repairs, lane, kind)
    to.add(catalogue.CLAIMS_LOST, figures.unserved, lane)
