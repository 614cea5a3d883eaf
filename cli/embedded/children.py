"""Starts a Python of ours as a child: it imports our code, and ends with its parent.

The end with the parent is a service of the kernel, where it offers that (Linux).
Without it a SIGKILL of the supervisor would leave a Valkey that nobody knows of. Elsewhere the next start ends what
was left (`orphan.py`), and workers notice that their standard input has closed (`worker_process.py`).
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

#: `-m` alone puts the working folder before everything, and a user's own config.py there would become ours.
ISOLATED = ("-P",)

_PR_SET_PDEATHSIG = 1


def with_parent() -> Callable[[], None] | None:
    """Makes a `preexec_fn`. Safe in a process without threads, which the supervisor and `demo` are."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child
