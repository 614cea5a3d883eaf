"""Reads PromQL, and names the metrics that an expression asks for."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser

from forebay.metrics.catalogue import METRICS
from tests.source import ROOT

RULES = ROOT / "deploy" / "prometheus" / "forebay.rules.yml"
#: What Prometheus has of each metric: of a histogram its lines.
EXPORTED = {
    name
    for metric in METRICS
    for name in (
        [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
        if metric.kind == "histogram"
        else [metric.name]
    )
}
#: Rules may ask for what other rules record, which has a colon in its name.
RECORDED = re.compile(r"\w+:\w+:\w+")


def metrics_of(expression: str) -> set[str]:
    """Names the metrics of an expression. Raises ValueError if it is no PromQL."""
    return set(_selectors(promql_parser.parse(expression)))


def labels_of(expression: str) -> set[tuple[str, str]]:
    """Gives each metric of an expression with each label that it is selected by."""
    parsed = promql_parser.parse(expression).prettify()
    found = re.findall(r"(\w+(?::\w+)*)\{([^}]*)\}", parsed)
    return {(name, label) for name, inside in found for label in re.findall(r"(\w+)(?:=|!=|=~|!~)\"", inside)}


def _selectors(node: Any) -> Iterator[str]:
    """Walks what the parser made: whatever has a name and matchers is a selector."""
    if hasattr(node, "matchers") and getattr(node, "name", None):
        yield node.name
    for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
        inner = getattr(node, part, None)
        if inner is not None and not isinstance(inner, (str, int, float)):
            yield from _selectors(inner)
    for argument in getattr(node, "args", None) or ():
        yield from _selectors(argument)
