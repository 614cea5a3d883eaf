"""Runs the supervisor of a data folder as a process.

    python -m forebay.cli.embedded.supervisor_process [QUEUES]

It begins before it is told of which folder (`prepared.py`). With QUEUES it has their worker prepared, too: that one
takes longest to load, so it comes first.
"""

import os
import sys
from contextlib import suppress

from forebay.cli.embedded.children import prepared_worker
from forebay.cli.embedded.prepared import end_at_once, what_is_told


def main() -> None:
    """Runs the process."""
    worker = None
    with suppress(OSError):  # no room for another process now: its keeper starts it once there is
        worker = prepared_worker(sys.argv[1], os.environ) if sys.argv[1:] else None
    from forebay.cli.embedded.supervisor import supervise  # loads while the worker does

    told = what_is_told()
    if told:
        supervise(told["data_dir"], told["settings_mark"], worker)
        end_at_once(0)  # the command that it served waits for that
    elif worker:
        worker.drop()


if __name__ == "__main__":
    main()
