"""The text format: what is written is read back as it was meant, whatever stands in a label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.metrics.exposition import Exposition, Metric
from tests.metrics.parsed import families, lint, samples

RUNS = Metric(name="forebay_runs_total", kind="counter", help="Runs that settled.", labels=("lane", "outcome"))
TOOK = Metric(name="forebay_took_seconds", kind="histogram", help="How long.", labels=("lane",))
ALIVE = Metric(name="forebay_alive", kind="gauge", help='A "word" with a \\ and\na line.')


def test_samples_of_one_metric_stand_together_whatever_comes_between() -> None:
    to = Exposition()
    to.add(RUNS, 3, "acme:live", "landed")
    to.add(ALIVE, 2)
    to.add(RUNS, 1, "acme:live", "failed")

    assert to.text() == (
        "# HELP forebay_runs_total Runs that settled.\n"
        "# TYPE forebay_runs_total counter\n"
        'forebay_runs_total{lane="acme:live",outcome="landed"} 3\n'
        'forebay_runs_total{lane="acme:live",outcome="failed"} 1\n'
        '# HELP forebay_alive A "word" with a \\\\ and\\na line.\n'
        "# TYPE forebay_alive gauge\n"
        "forebay_alive 2\n"
    )


def test_buckets_of_a_histogram_are_counts_up_to_their_bound() -> None:
    to = Exposition()
    to.add_histogram(TOOK, (1, 10), (2, 0, 5), 81.5, "acme:live")

    assert samples(to.text()) == {
        'forebay_took_seconds_bucket{lane="acme:live",le="1"}': 2,
        'forebay_took_seconds_bucket{lane="acme:live",le="10"}': 2,
        'forebay_took_seconds_bucket{lane="acme:live",le="+Inf"}': 7,
        'forebay_took_seconds_sum{lane="acme:live"}': 81.5,
        'forebay_took_seconds_count{lane="acme:live"}': 7,
    }
    assert list(lint(to.text())) == []


@given(st.lists(st.tuples(st.text(), st.sampled_from(["landed", "failed"])), unique=True), st.floats(allow_nan=False))
def test_whatever_a_label_has_is_read_back(values: list[tuple[str, str]], value: float) -> None:
    to = Exposition()
    for lane, outcome in values:
        to.add(RUNS, value, lane, outcome)

    read = [(each.labels, each.value) for family in families(to.text()) for each in family.samples]

    assert read == [({"lane": lane, "outcome": outcome}, value) for lane, outcome in values]


def test_a_label_too_few_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="zip"):
        Exposition().add(RUNS, 1, "acme:live")


@pytest.mark.parametrize(
    ("metric", "found"),
    [
        (Metric(name="forebay_runs", kind="counter", help="x"), "only counters end in _total"),
        (Metric(name="forebay_wait_total", kind="gauge", help="x"), "only counters end in _total"),
        (Metric(name="forebay_wait_milliseconds", kind="gauge", help="x"), "base unit"),
        (Metric(name="forebay_lanes_count", kind="gauge", help="x"), "as a histogram's lines do"),
        (Metric(name="forebay_lanes", kind="gauge", help=""), "no help"),
    ],
)
def test_the_linter_finds_what_promtool_would(metric: Metric, found: str) -> None:
    to = Exposition()
    to.add(metric, 1)

    assert any(found in finding for finding in lint(to.text())), list(lint(to.text()))
