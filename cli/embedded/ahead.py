"""Starts the supervisor of the embedded services before a command has loaded what it needs to use it.

Loading takes each of the processes of a `forebay run` most of its first second, and they can do so at once. Nothing is
touched by that: a supervisor that nobody tells of a data folder ends with the command (`prepared.py`). So a guess is
enough of whether it will be wanted, and a wrong one costs no more than the processor's time.
"""

import fcntl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from forebay.cli.embedded.children import EARLY_QUEUES, SUPERVISOR
from forebay.cli.embedded.prepared import Prepared

_ELSEWHERE = "FOREBAY_REDIS_URL"

_started: list[tuple[Prepared, Mapping[str, str]]] = []


def start_ahead(environment: Mapping[str, str]) -> None:
    """Starts it, unless the environment or `.env` name a Redis, or one lives already."""
    if environment.get(_ELSEWHERE) or _is_in_dot_env() or _lives(environment):
        return
    with suppress(OSError):  # no room for another process: who needs it starts it, and says what stood in the way
        _started.append((Prepared([SUPERVISOR, EARLY_QUEUES], environment, apart=True), dict(environment)))


def take(environment: Mapping[str, str]) -> Prepared | None:
    """Gives what was started with such an environment, once."""
    if _started and _started[0][1] == environment:
        return _started.pop()[0]
    return None


def drop() -> None:
    """Ends what nobody took."""
    while _started:
        _started.pop()[0].drop()


def _is_in_dot_env() -> bool:
    try:
        return _ELSEWHERE in Path(".env").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _lives(environment: Mapping[str, str]) -> bool:
    """Tells whether a supervisor holds the lock of the data folder, as far as the environment says which that is."""
    folder = Path(environment.get("FOREBAY_DATA_DIR") or ".forebay")
    try:
        with (folder / "embedded" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
