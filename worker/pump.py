"""Turns what is due into Celery messages: the pump, the only publisher there is.

Each worker process owns one, in a thread (see `bootsteps.py`). A tick claims from every lane what its budgets
allow and its queues have room for, and publishes it; what is to be submitted is noted in the ledger before
(`sent_writer.py`). Whatever a crash takes along, a claimed run or a message, is due again after `RESEND_MS`, so nothing
here needs to be exact, only untiring: a failed tick is logged and the next one tries again.
"""

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from forebay.governor.contract import Claimed, Claims
from forebay.governor.errors import GovernorError
from forebay.governor.states import Step

log = logging.getLogger(__name__)

#: The longest sleep of a tick: how late this process may notice what another one made due.
LONGEST_SLEEP_MS = 500
#: Every so many rounds the lanes are audited; the script itself sees to it that one process does so at a time.
AUDIT_EVERY_ROUNDS = 20
#: Steps wake the pump in volleys; ticks closer than this would claim the same nothing again.
SHORTEST_SLEEP_S = 0.01


@dataclass(frozen=True, slots=True)
class Ports:
    """What the pump touches: lanes and their claims, and the queues of the broker."""

    give_back: Callable[[], None]
    """Makes due what this process held when Redis stopped answering."""
    lanes: Callable[[], Sequence[str]]
    """Tells which lanes there are."""
    claim: Callable[[str, dict[Step, int]], Claims]
    """Claims what is due in a lane, within its budgets and the room that is given."""
    room: Callable[[Step], int]
    """Tells how many runs may still be put into the step's queue."""
    note: Callable[[str, Sequence[Claimed]], None]
    """Takes runs of a lane that are to be submitted, and notes them in the ledger."""
    noted: Callable[[], Iterable[tuple[str, Sequence[Claimed]]]]
    """Hands out, by lane, runs that are noted: now they may be published."""
    publish: Callable[[Step, str, Sequence[Claimed]], None]
    """Puts runs of a lane into the step's queue."""
    sweep: Callable[[str, int], None]
    """Has the events of a lane asked for, by the fence of its claim."""
    audit: Callable[[str], None]
    """Counts a lane's slots again."""
    beat: Callable[[], None]
    """Says that this process is alive, or what keeps it, after each tick that went well."""


class Pump:
    """Ticks in a thread of its own until it is stopped; `wake` makes the next tick come at once."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._rounds = 0
        self._told: dict[str, str] = {}
        self._unpublished: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> threading.Thread:
        """Tells the thread to end after its current tick, and gives it back."""
        self._stopping.set()
        self._wake.set()
        return self._thread

    def wake(self) -> None:
        """Ticks at once: something was made due in this process."""
        self._wake.set()

    def tick(self) -> float:
        """Makes one round over all lanes; returns how many seconds nothing more can be due."""
        self._ports.give_back()
        for lane, noted in self._ports.noted():
            self._put(Step.SUBMIT, lane, noted)
        self._publish()
        room = {step: max(0, self._ports.room(step)) for step in Step}
        sleep_ms = LONGEST_SLEEP_MS
        for lane in self._in_turn(self._ports.lanes()):
            try:
                sleep_ms = min(sleep_ms, self._serve(lane, room))
                self._told.pop(lane, None)
            except GovernorError as error:
                # One lane that cannot be served, such as one of a newer release, must not stand before the others.
                self._tell_once(lane, "lane not served", error)
        self._rounds += 1
        self._ports.beat()
        return sleep_ms / 1000

    def _in_turn(self, lanes: Sequence[str]) -> Sequence[str]:
        """Lets another lane begin each round, so that none has first claim on the room."""
        first = self._rounds % len(lanes) if lanes else 0
        return [*lanes[first:], *lanes[:first]]

    def _serve(self, lane: str, room: dict[Step, int]) -> int:
        claims = self._ports.claim(lane, room)
        for step, due in claims.due.items():
            room[step] -= len(due)
            if due and step is Step.SUBMIT:
                self._ports.note(lane, due)
            elif due:
                self._put(step, lane, due)
        if claims.sweep:
            self._put_sweep(lane, claims.sweep)
        self._publish()
        if self._rounds % AUDIT_EVERY_ROUNDS == 0:
            self._ports.audit(lane)
        return min(claims.sleep_ms.values(), default=LONGEST_SLEEP_MS)

    def _put(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        self._unpublished.append(lambda: self._ports.publish(step, lane, runs))

    def _put_sweep(self, lane: str, fence: int) -> None:
        self._unpublished.append(lambda: self._ports.sweep(lane, fence))

    def _publish(self) -> None:
        """Publishes what was claimed. What a broker does not take is published with the next tick: it is claimed."""
        while self._unpublished:
            self._unpublished[0]()
            self._unpublished.popleft()

    def _tell_once(self, lane: str, what: str, error: GovernorError) -> None:
        """Logs what lasts once, and not with each tick: a log that grows is of no use to a full disk."""
        if self._told.get(lane) != str(error):
            self._told[lane] = str(error)
            log.warning("%s: %s", what, error, extra={"event": "lane_failed" if lane else "pump_waits", "lane": lane})

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                sleep_s = self.tick()
                self._told.pop("", None)
            except GovernorError as error:
                self._tell_once("", "pump waits", error)
                sleep_s = LONGEST_SLEEP_MS / 1000
            except Exception:  # whatever broke, the broker most likely: the next tick tries again
                log.exception("pump tick failed", extra={"event": "pump_failed"})
                sleep_s = LONGEST_SLEEP_MS / 1000
            # Jitter keeps the pumps of many processes from ticking in step.
            self._wake.wait(sleep_s * random.uniform(0.8, 1))
            self._stopping.wait(SHORTEST_SLEEP_S)
