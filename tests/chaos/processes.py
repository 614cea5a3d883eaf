"""Keeps processes going as systemd would, and tells an end that the driver asked for from one that nobody did."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FOREBAY = str(Path(sys.executable).with_name("forebay"))
RESTART_S = 1.0
STOP_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """An end that nobody asked for."""

    name: str
    at: float
    code: int
    last_words: str


@dataclass(kw_only=True)
class Service:
    """A process that is started again whenever it ends, until it is stopped."""

    name: str
    words: list[str]
    env: dict[str, str]
    log: Path
    deaths: list[Death] = field(default_factory=list)
    killed: int = 0
    """How often the driver ended it."""

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep_going, name=f"keep {self.name}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Gives the process that is alive now."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def send(self, number: signal.Signals, *, ends_it: bool) -> bool:
        """Sends a signal to the process that is alive; False if none is."""
        with self._lock:
            process = self._process
            if process is None or process.poll() is not None:
                return False
            if ends_it:
                self._asked.set()
                self.killed += 1
            process.send_signal(number)
            return True

    def stop(self) -> int | None:
        """Asks it to end and starts it no more; gives its exit code, None for one that had to be killed."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is None:
            return None
        self._asked.set()
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None
        finally:
            self._thread.join(STOP_S)

    def _keep_going(self) -> None:
        while not self._stopping.is_set():
            with self._lock, self.log.open("ab") as output:
                self._asked.clear()
                self._process = subprocess.Popen(self.words, stdout=output, stderr=subprocess.STDOUT, env=self.env)
            code = self._process.wait()
            if not self._asked.is_set():
                self.deaths.append(Death(name=self.name, at=time.time(), code=code, last_words=self._last_words()))
            self._stopping.wait(RESTART_S)

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command of ours came to."""

    words: tuple[str, ...]
    code: int | None
    """None: it was killed by the driver, or did not end in time."""
    out: str
    err: str


def command(
    words: list[str],
    env: dict[str, str],
    *,
    cwd: Path,
    most_s: float = 120,
    meanwhile: Callable[["subprocess.Popen[str]"], None] = lambda process: None,
) -> Said:
    """Runs `forebay WORDS`; `meanwhile` may do something to the process."""
    process = subprocess.Popen(
        [FOREBAY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=cwd
    )
    code: int | None = None
    try:
        meanwhile(process)
        out, err = process.communicate(timeout=most_s)
        code = process.returncode if process.returncode >= 0 else None
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return Said(words=tuple(words), code=code, out=out, err=err)
