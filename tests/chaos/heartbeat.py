"""Measures by how much the machine slows processes down, to tell a standstill of the product from one of the CPU.

A process of its own does the same small work every second; how long that took beside how much of a CPU it had is kept.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WORK_S = 0.01
_PROGRAM = f"""
import time
while True:
    begun, until = time.time(), time.process_time() + {WORK_S}
    while time.process_time() < until: pass
    print(begun, time.time() - begun, flush=True)
    time.sleep(1)
"""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What such a process wrote down."""

    log: Path

    def slowdown(self, since: float, until: float) -> float:
        """Says how many times longer than alone work took on average, from one moment to another; 1 if nobody knows."""
        beats = [[float(word) for word in line.split()] for line in self.log.read_text().splitlines()[:-1]]
        took = [took_s for begun, took_s in beats if since - 1 <= begun <= until]
        return round(max(1.0, sum(took) / len(took) / WORK_S), 1) if took else 1.0


@contextmanager
def beating(folder: Path) -> Iterator[Heartbeat]:
    """Measures for as long as the block lasts."""
    log = folder / "heartbeat.txt"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=output)
    try:
        yield Heartbeat(log)
    finally:
        process.kill()
        process.wait()
