"""Lets a deployment work for an hour and samples its processes: memory, descriptors, threads must stay flat.

    python -m tests.chaos --soak 60

Flat means: the median of the last third is not above that of the middle third by more than `GROWTH` allows. The first
third is warm-up: caches fill, threads are made when they are first needed.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.chaos.load import Load
from tests.chaos.owing import unsettled
from tests.chaos.stage import Cast, Stage, stage

EVERY_S = 2.0
#: Queries of a batch, and how often one is submitted: a steady load that the slots bear.
BATCH, BATCH_EVERY_S = 60, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a process held at a moment."""

    at_s: float
    memory_mb: float
    descriptors: int
    threads: int


#: What may grow between the thirds, as a share and in units: what a median jitters by, and a leak exceeds in an hour.
GROWTH = {"memory_mb": (0.05, 4.0), "descriptors": (0.0, 4.0), "threads": (0.0, 2.0)}


def soak(minutes: float, folder: Path) -> dict[str, list[Sample]]:
    """Works for so long, and gives the samples of each process."""
    with stage(folder, Cast(cap=20), Load(mean_s=1.0, parts=0.005)) as made:
        return _sampled(made, 60 * minutes)


def _sampled(made: Stage, seconds: float) -> dict[str, list[Sample]]:
    samples, begun, number = defaultdict[str, list[Sample]](list), time.monotonic(), 0
    while (at_s := time.monotonic() - begun) < seconds:
        if at_s >= number * BATCH_EVERY_S:
            made.submit_surely(BATCH, random.Random(f"soak/{number}"))
            number += 1
        for name, pid in _processes(made):
            samples[name].append(sample(pid, at_s))
        time.sleep(EVERY_S)
    while unsettled(made):
        time.sleep(1)
    return dict(samples)


def _processes(made: Stage) -> Iterator[tuple[str, int]]:
    for service in made.services:
        if pid := service.pid:
            yield service.name, pid
    yield "valkey", made.servers.primary.pid


def sample(pid: int, at_s: float) -> Sample:
    """Reads what a process holds now."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Sample(
        at_s=round(at_s, 1),
        memory_mb=round(int(status["VmRSS"].split()[0]) / 1024, 1),
        descriptors=len([*Path(f"/proc/{pid}/fd").iterdir()]),
        threads=int(status["Threads"]),
    )


def leaks(samples: Sequence[Sample]) -> list[str]:
    """Says what is not flat."""
    third = len(samples) // 3
    found = []
    for name, (share, units) in GROWTH.items():
        middle, last = (
            median(getattr(one, name) for one in part) for part in (samples[third : 2 * third], samples[2 * third :])
        )
        if last > middle * (1 + share) + units:
            found.append(f"{name} grew from {middle:g} to {last:g}")
    return found


def picture(samples: dict[str, list[Sample]]) -> str:
    """Draws a row of curves for each thing that is sampled, as SVG."""
    width, height, lines = 720, 150, list[str]()
    colors = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#9c6b4e")
    until = max(one.at_s for each in samples.values() for one in each) or 1
    for row, name in enumerate(GROWTH):
        most = max(getattr(one, name) for each in samples.values() for one in each)
        top = row * (height + 30) + 20
        lines.append(f'<text x="0" y="{top - 6}">{name}, up to {most:g}</text>')
        for (process, each), color in zip(samples.items(), colors * 9, strict=False):
            points = " ".join(
                f"{one.at_s / until * width:.1f},{top + height * (1 - getattr(one, name) / most):.1f}" for one in each
            )
            lines.append(
                f'<polyline fill="none" stroke="{color}" points="{points}"><title>{process}</title></polyline>'
            )
    legend = "".join(
        f'<text x="{110 * n}" y="{3 * (height + 30) + 20}" fill="{color}">{process}</text>'
        for n, (process, color) in enumerate(zip(samples, colors * 9, strict=False))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {width + 20} {3 * (height + 30) + 40}" '
        f'font-family="sans-serif" font-size="12">{"".join(lines)}{legend}</svg>\n'
    )


def table(samples: dict[str, list[Sample]]) -> Iterator[str]:
    """Says what each process held: at first, in the middle third, in the last."""
    yield "| process | memory, MB | descriptors | threads | flat |"
    yield "|---|---|---|---|---|"
    for process, each in samples.items():
        third = len(each) // 3
        parts = (each[:third], each[third : 2 * third], each[2 * third :])
        cells = [" → ".join(f"{median(getattr(one, name) for one in part):g}" for part in parts) for name in GROWTH]
        yield f"| {process} | {' | '.join(cells)} | {'; '.join(leaks(each)) or 'yes'} |"
