"""Starts a process of ours that loads what it works with, and then waits to be told what that is.

What it is told is a line of JSON through its standard input. So it can be started before anybody knows whether it is
wanted, beside whatever finds that out. Where its input closes instead, whoever started it is gone or has no use for it:
it ends, and has touched nothing.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn

#: `-m` alone puts the working folder before everything, and a user's own config.py there would become ours.
ISOLATED = ("-P",)


class Prepared:
    """A process that waits to be told."""

    def __init__(
        self,
        module: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: BinaryIO | None = None,
        in_child: Callable[[], None] | None = None,
        apart: bool = False,
    ) -> None:
        """Starts `python -m` with the module and its arguments. Raises OSError.

        Without a `log` it keeps silent until it is told of one. `apart`: a terminal's Ctrl-C does not reach it.
        """
        said_to = log or subprocess.DEVNULL
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, *ISOLATED, "-m", *module],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=said_to,
            stderr=said_to,
            preexec_fn=in_child,
            start_new_session=apart,
        )

    def tell(self, **said: Any) -> bool:
        """Tells it to begin; False if it has ended. Its input stays open, so that it sees the end of this process."""
        assert self.process.stdin  # noqa: S101 - it was started with one
        try:
            self.process.stdin.write(json.dumps(said).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def let_go(self) -> None:
        """Closes its input: once told, it may outlive this process."""
        assert self.process.stdin  # noqa: S101 - it was started with one
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def drop(self) -> None:
        """Ends one that is not wanted."""
        self.process.terminate()
        self.process.wait()
        self.let_go()


def what_is_told() -> dict[str, Any] | None:
    """Waits in such a process until it is told; None when it is not wanted. From then on its output goes to its log."""
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(0, 1 << 16)
        if not read:
            return None
        line += read
    told: dict[str, Any] = json.loads(line)
    log = os.open(told["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return told


def end_at_once(code: int) -> NoReturn:
    """Ends such a process when all is done, without taking the interpreter apart, which takes a while.

    What asked to be called at the end is: logs, and traces, which are sent once in some seconds.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - nobody else calls them
    sys.stdout.flush()
    os._exit(code)
