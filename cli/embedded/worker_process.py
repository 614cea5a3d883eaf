"""Runs a worker process of the embedded default: `forebay worker`, ended when its supervisor is gone.

    python -m forebay.cli.embedded.worker_process submit,poll

Standard input is a pipe from the supervisor, which tells it when to begin and with which server (`prepared.py`). It
closes when that process ends, however it ended and on any system.
"""

import logging
import os
import signal
import sys
import threading

from forebay.cli.become_worker import become_worker, load_worker
from forebay.cli.embedded.key_holds import key_holds
from forebay.cli.embedded.prepared import end_at_once, what_is_told
from forebay.cli.exits import report
from forebay.config.settings import Settings
from forebay.worker import logs

log = logging.getLogger("worker")

#: A warm shutdown may hang on a Valkey that ended with the supervisor.
GRACE_S = 15.0


def _end_with_the_supervisor() -> None:
    # Not `sys.stdin`, whose lock this thread would hold while the interpreter ends, which aborts it.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    forced = threading.Timer(GRACE_S, os._exit, (1,))
    forced.daemon = True
    forced.start()


def main() -> None:
    """Runs the process."""
    load_worker()
    told = what_is_told()
    if told is None:
        return
    os.environ.update(FOREBAY_REDIS_URL=told["server"], FOREBAY_BROKER_URL=told["server"])
    threading.Thread(target=_end_with_the_supervisor, name="parent-watch", daemon=True).start()
    try:
        code = become_worker(sys.argv[1], hold_key=key_holds(Settings().data_dir).hold)
    except Exception as error:  # noqa: BLE001 - the last lines of the log are what `forebay run` shows
        error_report = report(error)
        logs.set_up()
        log.error("%s %s", error_report.message, error_report.way_out)
        code = error_report.exit_code
    end_at_once(code)  # its supervisor waits for that, and a command for the supervisor


if __name__ == "__main__":
    main()
