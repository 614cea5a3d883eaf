"""The page of metrics has each that is exported, in its words, and no other."""

import re

from forebay.metrics.catalogue import METRICS
from tests.source import ROOT


def test_each_metric_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `(forebay_\w+)` \| (.*?) \| (.*) \|$", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)

    assert sorted((name, re.findall(r"`(\w+)`", labels), text) for name, labels, text in rows) == sorted(
        (metric.name, list(metric.labels), metric.help) for metric in METRICS
    )


def test_names_are_prefixed_and_differ() -> None:
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)
    assert all(name.startswith("forebay_") for name in names)
