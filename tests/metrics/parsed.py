"""Reads metrics back by Prometheus's own parser for Python, and holds them to what `promtool check metrics` asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

#: Units that are no base units, and what should stand for each (promtool's own list, as far as any could be ours).
UNITS = ("milliseconds", "minutes", "hours", "days", "kilobytes", "megabytes", "percent", "ms", "sec")
#: Words that only say what TYPE says already.
KINDS = ("gauge", "counter", "histogram", "summary")


@dataclass(frozen=True)
class Sample:
    """One line."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """One metric with its lines."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


def families(text: str) -> list[Family]:
    """Reads a whole exposition. The parser drops the _total of a counter, so names are those of the TYPE lines."""
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    return [
        Family(
            name,
            one.type,
            one.documentation,
            [Sample(each.name, dict(each.labels), each.value) for each in one.samples],
        )
        for name, one in zip(names, text_string_to_metric_families(text), strict=True)
    ]


def samples(text: str) -> dict[str, float]:
    """Gives each line's value by the line without it."""
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if not line.startswith("#")
    }


def lint(text: str) -> Iterator[str]:
    """Yields what promtool would find, and more: families in two places, lines twice, buckets that fall."""
    read = families(text)
    names = [family.name for family in read]
    yield from (f"{name} stands in two places" for name in names if names.count(name) > 1)
    lines = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    yield from (f"{line} stands twice" for line in lines if lines.count(line) > 1)
    for family in read:
        yield from _lint(family)


def _lint(family: Family) -> Iterator[str]:
    name, words = family.name, family.name.split("_")
    if not family.help:
        yield f"{name} has no help"
    if family.kind == "unknown":
        yield f"{name} has no type"
    if (family.kind == "counter") != name.endswith("_total"):
        yield f"{name} is a {family.kind}, and only counters end in _total"
    if family.kind != "histogram" and name.endswith(("_count", "_sum", "_bucket")):
        yield f"{name} ends as a histogram's lines do"
    yield from (f"{name} should use a base unit, not {unit}" for unit in UNITS if unit in words)
    yield from (f"{name} says its type" for kind in KINDS if kind in words)
    if name != name.lower() or ":" in name:
        yield f"{name} has a capital or a colon"
    if family.kind == "histogram":
        yield from _lint_buckets(family)


def _lint_buckets(family: Family) -> Iterator[str]:
    of_labels: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for sample in family.samples:
        if sample.name.endswith("_bucket"):
            rest = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le"))
            of_labels.setdefault(rest, []).append(sample)
    for labels, buckets in of_labels.items():
        bounds = [float(bucket.labels["le"]) for bucket in buckets]
        counts = [bucket.value for bucket in buckets]
        if bounds != sorted(bounds) or bounds[-1] != float("inf") or counts != sorted(counts):
            yield f"{family.name} {labels} has buckets that fall, or no last one"
