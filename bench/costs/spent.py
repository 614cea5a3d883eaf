"""Reads what processes and a Valkey have spent so far: CPU by process, and commands that the server executed.

Two readings and their difference are what a row of `bench/cost.py` is made of. CPU of a process is its own, read from
/proc while it lives, in ticks of 10 ms; of a Valkey it is what INFO says.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Commands of connecting, and of this reading.
_ASIDE = ("cmdstat_info", "cmdstat_hello", "cmdstat_client", "cmdstat_select", "cmdstat_script", "cmdstat_auth")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was spent up to a moment, or between two."""

    cpu_s: Mapping[str, float]
    """By process."""
    server_s: float
    """CPU of the Valkey."""
    commands: int
    """Those inside scripts included."""

    def since(self, before: "Spent") -> "Spent":
        """Subtracts an earlier reading."""
        return Spent(
            cpu_s={name: used - before.cpu_s[name] for name, used in self.cpu_s.items()},
            server_s=self.server_s - before.server_s,
            commands=self.commands - before.commands,
        )

    @property
    def processes_s(self) -> float:
        """Sums up the CPU of the processes."""
        return sum(self.cpu_s.values())


def read(client: Any, pids: Mapping[str, int]) -> Spent:
    """Reads what these processes have spent, by the names that they are given, and the server of this client."""
    server = client.info("cpu")
    return Spent(
        cpu_s={name: cpu_s(pid) for name, pid in pids.items()},
        server_s=float(server["used_cpu_user"]) + float(server["used_cpu_sys"]),
        commands=executed(client),
    )


def executed(client: Any) -> int:
    """Counts commands that the server has executed, those inside scripts included; connecting and this one aside."""
    stats = client.info("commandstats")
    return sum(stat["calls"] for name, stat in stats.items() if not name.startswith(_ASIDE))


def cpu_s(pid: int) -> float:
    """Reads the CPU seconds of a process and of its children that have ended."""
    return sum(map(int, _stat(Path(f"/proc/{pid}"))[11:15])) / _TICKS_PER_S


def group_cpu_s(group: int) -> float:
    """Sums up the CPU seconds of a process group: all that is alive of it, and children that have ended."""
    used = 0.0
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                stat = _stat(folder)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
            used += sum(map(int, stat[11:15])) / _TICKS_PER_S if int(stat[2]) == group else 0
    return used


def _stat(folder: Path) -> list[str]:
    """Reads the fields from the third on: the second is a name, which may hold anything."""
    return re.sub(r"^.*\) ", "", (folder / "stat").read_text(), flags=re.DOTALL).split()
