"""Keeps the busy threads of a process on one CPU at a time: the one where the scheduler has put its pump.

Threads of Python take turns at one interpreter, with every request and every read of a file. Where they run on several
CPUs most turns wake another CPU, and that costs more than the turn: a fifth to a third of what a busy worker spends
(bench/README.md, `throughput`). On one CPU the next thread goes on where the last one waits.

That CPU may be taken by somebody else. So the pump is bound to none, the scheduler finds it a place as ever, and all
others follow it there, two seconds later at most. Which CPUs the process may use at all, by its cgroup or by
`taskset`, stays as it is.

Whatever lets go of the interpreter gains by more CPUs, as inflating and hashing large results: processes that serve
downloads are left alone. And so are threads that start programs, which would be bound as they are: the closer runs what
people name to be told by.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from pathlib import Path

log = logging.getLogger(__name__)

#: How often the others look where the pump is.
EVERY_S = 2.0
_TASKS = Path("/proc/self/task")
#: Behind the name of the program, which may hold anything: where the thread ran last.
_PROCESSOR = 36


def is_worth_it() -> bool:
    """Says whether threads take turns here, and can be told where to run."""
    has_turns = getattr(sys, "_is_gil_enabled", lambda: True)()
    return has_turns and hasattr(os, "sched_setaffinity") and _TASKS.is_dir()


class OneCpu:
    """Has threads follow the one that calls it, which is none of them."""

    def __init__(self, threads: Callable[[], Iterable[threading.Thread]], monotonic_s: Callable[[], float]) -> None:
        """Takes what tells the threads that follow; not before those have started that one of them may start."""
        self._threads, self._monotonic_s = threads, monotonic_s
        self._next_s = monotonic_s() + EVERY_S
        self._free = os.sched_getaffinity(0)
        self._bound: tuple[int, frozenset[int]] | None = None

    def follow(self) -> None:
        """Binds the threads to the CPU that the caller runs on, now and then."""
        now_s = self._monotonic_s()
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        try:
            cpu = _cpu_of(threading.get_native_id())
            threads = frozenset(each.native_id for each in self._threads() if each.is_alive() and each.native_id)
            if self._bound != (cpu, threads):
                _bind(threads, {cpu})
                self._bound = (cpu, threads)
        except (OSError, ValueError, IndexError) as error:
            log.info("threads run anywhere: %s", error, extra={"event": "not_bound"})
            self.let_go()

    def let_go(self) -> None:
        """Binds nothing any more, and gives back what was bound: a worker that restarts itself does so as it is."""
        self._next_s = inf
        if self._bound:
            with suppress(OSError):  # the system has taken CPUs away since, and chosen for itself
                _bind(self._bound[1], self._free)


def _bind(threads: Iterable[int], cpus: set[int]) -> None:
    for thread in threads:
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(thread, cpus)


def _cpu_of(thread: int) -> int:
    return int((_TASKS / str(thread) / "stat").read_bytes().rpartition(b")")[2].split()[_PROCESSOR])
