"""Says which processes of ours there are, and starts those that end with their parent.

The end with the parent is a service of the kernel, where it offers that (Linux).
Without it a SIGKILL of the supervisor would leave a Valkey that nobody knows of. Elsewhere the next start ends what
was left (`orphan.py`), and workers notice that their standard input has closed (`worker_process.py`).
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import BinaryIO

from forebay.cli.embedded.prepared import Prepared

SUPERVISOR = "forebay.cli.embedded.supervisor_process"
_WORKER = "forebay.cli.embedded.worker_process"

#: One process a queue in spirit: a long download never delays a poll. The first lands small results by itself, so a
#: batch may end before there is need of the second.
EARLY_QUEUES, LATER_QUEUES = "submit,poll", "download"

_PR_SET_PDEATHSIG = 1


def with_parent() -> Callable[[], None] | None:
    """Makes a `preexec_fn`. Safe in a process without threads, which the supervisor and `demo` are."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # it takes a moment, which a command that only says which processes there are need not wait

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child


def prepared_worker(queues: str, environment: Mapping[str, str], log: BinaryIO | None = None) -> Prepared:
    """Starts a worker of such queues, Celery's, with commas, that waits for what `Keeper` tells it. Raises OSError."""
    return Prepared([_WORKER, queues], environment, log=log, in_child=with_parent())
