"""Finds or starts the supervisor of a data folder, leaves or stops it: a command's side of the embedded services."""

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping

from forebay.cli.embedded import ahead
from forebay.cli.embedded.backlog import as_command, attached, unfinished
from forebay.cli.embedded.children import SUPERVISOR
from forebay.cli.embedded.home import Home, Running, last_lines, process_began, process_lives
from forebay.cli.embedded.prepared import Prepared
from forebay.cli.errors import EmbeddedFailed, OtherSettings, WorkersDown
from forebay.config.settings import Settings
from forebay.governor.errors import GovernorError, RedisSilent
from forebay.governor.redis_client import Client, connect, ping

START_S = 70.0
STOP_S = 60.0
#: A supervisor that may go takes its announcement back within a tick or two; one that another command needs keeps it.
KEPT_S = 3.0
TICK_S = 0.02
#: An interpreter's own end. Not longer: where the system does not say so, what has ended and is yet to be reaped lives.
EXIT_S = 2.0
#: What a batch takes along when it is submitted; everything else a worker reads when it starts.
_NOT_THE_WORKERS = {"cap", "margin", "creates_per_s", "retrieves_per_s", "requests_per_s"} | {
    "output", "format", "max_sql_bytes", "redis_url", "broker_url", "data_dir",
}  # fmt: skip

#: Supervisors outlive the command that starts them; held, so that none is reported as forgotten.
_STARTED: list[Prepared] = []


class Attached:
    """The embedded services as one command uses them. A context manager: leaving it says that the command left."""

    def __init__(self, home: Home, environment: Mapping[str, str], mark: str) -> None:
        self._home = home
        self._environment = environment
        self._mark = mark
        self._starting: subprocess.Popen[bytes] | None = None
        self._started_it = False
        self._client: Client | None = None

    def connect(self, *, work: bool) -> Client:
        """Connects a client; `work` asks for workers too. After the services went away it starts them anew.

        Raises `EmbeddedFailed`, `OtherSettings` and `RedisSilent`.
        """
        if self._client:
            self._client.close()
        self._client, running = self._find()
        if work and running.settings_mark != self._mark:
            self._replace_others(running)
            self._client, running = self._find()
        if work:
            _send(running, signal.SIGUSR1)
        return self._client

    def _find(self) -> tuple[Client, Running]:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            running = self._home.running()
            if running:
                client = self._connected(running)
                if client:
                    # From here on its end is no failed start.
                    self._started_it, self._starting = self._started_it or self._starting is not None, None
                    return client, running
            elif not self._home.alive():
                self._start()
            time.sleep(TICK_S)
        raise EmbeddedFailed(
            f"the local services did not start in {START_S:.0f} s", way_out=f"their logs are in {self._home.logs}"
        )

    def _connected(self, running: Running) -> Client | None:
        """Connects to a supervisor's Valkey; None if it is going away, see `Supervisor._may_go`."""
        client = connect(as_command(running.url), for_a_person=True)
        try:
            ping(client)
            if self._home.running() == running:
                return client
        except RedisSilent:
            client.close()
            raise  # it is no start that takes its time, and nothing that another one would mend
        except GovernorError:
            pass
        client.close()
        return None

    def _start(self) -> None:
        if self._starting and self._starting.poll() is None:
            return
        self._home.check_room()
        log = self._home.log("supervisor")
        if self._starting and self._starting.returncode:
            last_words = " | ".join(last_lines(log, 3))
            raise EmbeddedFailed(f"the local services did not start: {last_words}", way_out=f"their log is {log}")
        with self._home.open_log("supervisor") as sink:
            prepared = ahead.take(self._environment)
            if not (prepared and self._begins(prepared)):
                prepared = Prepared([SUPERVISOR], self._environment, log=sink, apart=True)
                self._begins(prepared)
        prepared.let_go()
        self._starting = prepared.process
        _STARTED.append(prepared)

    def _begins(self, prepared: Prepared) -> bool:
        log = self._home.log("supervisor")
        return prepared.tell(log=str(log), data_dir=str(self._home.data_dir), settings_mark=self._mark)

    def _replace_others(self, running: Running) -> None:
        """Ends workers that have another key or spec, so that ours can start, unless somebody else needs them."""
        if self._client:
            self._client.close()
        with connect(running.url) as client:
            if attached(client):
                raise OtherSettings(
                    f"another forebay works in {self._home.data_dir} with another key, spec or store",
                    way_out="wait until it has ended, or set FOREBAY_DATA_DIR to a folder of its own",
                )
        self.stop()

    def check_workers(self) -> None:
        """Raises `WorkersDown`, with what the worker said last."""
        trouble = self._home.trouble()
        if trouble:
            log = self._home.logs / trouble.log
            last_words = "\n".join(f"  {line}" for line in last_lines(log, 5))
            ended = f"ended {trouble.deaths} times as soon as it started"
            raise WorkersDown(
                f"the local worker for {trouble.worker} {ended}:\n{last_words}",
                way_out=f"its whole log is {log}; what was accepted waits",
            )

    def leave(self) -> None:
        """Leaves, as a command that is done. Services go on while something is unfinished; else they have ended."""
        waits = False
        if self._client and self._started_it:
            with contextlib.suppress(GovernorError):
                waits = not unfinished(self._client)
        self.detach()
        self._end_by(signal.SIGUSR2, patience_s=KEPT_S if waits else 0)

    def detach(self) -> None:
        """Leaves as `leave` does, but the services stay warm for a while."""
        if self._client:
            self._client.close()
            self._client = None

    def stop(self) -> None:
        """Ends the services now: workers warmly, then Valkey saves. Returns when they have ended."""
        self.detach()
        self._end_by(signal.SIGTERM, patience_s=STOP_S)

    def _end_by(self, number: signal.Signals, patience_s: float) -> None:
        """Sends the supervisor a signal; waits for its end while it may be used, and then as long as its end takes."""
        begun = time.monotonic()
        told: Running | None = None
        while self._home.alive() and (waited := time.monotonic() - begun) < STOP_S:
            running = self._home.running()
            if running and running != told:
                told = running
                _send(running, number)
            elif running and waited >= patience_s:
                return  # somebody else needs it
            time.sleep(TICK_S)
        begun = time.monotonic()
        while told and _lives(told) and time.monotonic() - begun < EXIT_S:
            time.sleep(TICK_S / 5)


def embedded(settings: Settings, environment: Mapping[str, str]) -> Attached:
    """Names the embedded services of the data folder. Starts nothing yet."""
    home = Home(settings.data_dir.absolute())
    home.make()
    return Attached(home, environment, settings_mark(settings, environment))


def settings_mark(settings: Settings, environment: Mapping[str, str]) -> str:
    """Differs when workers started with these settings would do something else. Not invertible: keys are in it."""
    values = settings.model_dump(exclude=_NOT_THE_WORKERS)
    values["ledger"] = settings.ledger if "://" in settings.ledger else os.path.abspath(settings.ledger)  # noqa: PTH100
    values["stripe_api_key"] = settings.stripe_api_key and settings.stripe_api_key.get_secret_value()
    spec = settings.spec.read_text(errors="replace") if settings.spec.is_file() else ""
    # Keys that a spec names are in the environment under names of its own, and AWS's credentials too.
    outside = {
        name: value for name, value in environment.items() if f"secret://env/{name}" in spec or name[:4] == "AWS_"
    }
    text = repr((sorted((key, str(value)) for key, value in values.items()), spec, sorted(outside.items())))
    return hashlib.blake2b(text.encode(), key=b"forebay", digest_size=16).hexdigest()


def _send(to: Running, number: signal.Signals) -> None:
    """Sends a supervisor a signal, and never another process that was given its pid since it was read."""
    with contextlib.suppress(ProcessLookupError):
        handle = _handle(to)
        if handle is None:
            if not to.began or process_began(to.pid) == to.began:
                os.kill(to.pid, number)
            return
        try:
            if process_began(to.pid) == to.began:  # asked while the handle keeps the pid from being given away
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _handle(to: Running) -> int | None:
    """Opens a handle to a process; None on a system that has none, or no /proc. Raises ProcessLookupError."""
    try:
        return os.pidfd_open(to.pid) if to.began else None
    except ProcessLookupError:
        raise
    except OSError:
        return None


def _lives(told: Running) -> bool:
    """Says whether one that let go of the lock still has to end. Reaps it where it was ours."""
    for started in _STARTED:
        started.process.poll()
    return process_lives(told.pid, told.began)
