"""Writes metrics in Prometheus's text format (version 0.0.4), which every scraper of metrics reads.

Of our own, for its price: a scrape of 300 lanes is some 20,000 lines, which `prometheus-client` takes eight times as
long to write, since here labels are written once for all scrapes (docs/dependencies.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Of so many sets of labels it is remembered how they are written: those of 1,000 lanes.
_REMEMBERED = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: what it is called, what it means, and by what it is told apart."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


class Exposition:
    """What one scrape is answered, written metric by metric."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._heads: dict[str, str] = {}

    def add(self, metric: Metric, value: float, *of: str) -> None:
        """Adds a sample with the values of the metric's labels; those that differ in nothing may come once only."""
        self._lines_of(metric).append(f"{metric.name}{_written(metric.labels, of)} {value}\n")

    def add_histogram(
        self, metric: Metric, bounds: Sequence[float], counts: Sequence[int], total: float, *of: str
    ) -> None:
        """Adds a histogram: how many were within each bound and not within the one before it, and how many beyond."""
        lines, names, so_far = self._lines_of(metric), (*metric.labels, "le"), 0
        for bound, count in zip((*map(str, bounds), "+Inf"), counts, strict=True):
            so_far += count
            lines.append(f"{metric.name}_bucket{_written(names, (*of, bound))} {so_far}\n")
        labels = _written(metric.labels, of)
        lines.append(f"{metric.name}_sum{labels} {total}\n{metric.name}_count{labels} {so_far}\n")

    def text(self) -> str:
        """Gives all of it."""
        return "".join(self._heads[name] + "".join(lines) for name, lines in self._lines.items())

    def _lines_of(self, metric: Metric) -> list[str]:
        lines = self._lines.get(metric.name)
        if lines is None:
            lines = self._lines[metric.name] = []
            self._heads[metric.name] = (
                f"# HELP {metric.name} {_escaped(metric.help)}\n# TYPE {metric.name} {metric.kind}\n"
            )
        return lines


@lru_cache(_REMEMBERED)
def _written(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_quoted(value)}"' for name, value in zip(names, values, strict=True))
    return f"{{{','.join(pairs)}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
