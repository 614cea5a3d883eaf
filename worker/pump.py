"""Turns what is due into Celery messages: the pump, the only publisher there is.

Each worker process owns one, in a thread (see `bootsteps.py`). It sleeps until a lane is due, by its agenda
(`agenda.py`), until a bell rings (`bell_listener.py`), or until a step of this process makes room. Then it claims what
the lanes' budgets allow and its queues have room for, many lanes in one round trip, and publishes it; what is to be
submitted is noted in the ledger before (`sent_writer.py`). Whatever a crash takes along, a claimed run or a message, is
due again after `RESEND_MS`, so nothing here needs to be exact, only untiring: a failed tick is logged and the next one
tries again.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from forebay.governor.contract import AskedFor, Claimed, Claims
from forebay.governor.errors import GovernorError
from forebay.governor.states import Step
from forebay.worker.agenda import LOOK_EVERY_S, Agenda

log = logging.getLogger(__name__)

#: After a tick that failed, for a lane that cannot be served, and for one that waits to be reconciled.
AGAIN_S = 0.5
#: How often the names of all lanes are read, and those looked at whose time has come: one command for many idle lanes.
ROUND_S = 3.0
#: As often everything is looked at by a process that hears no bell.
DEAF_ROUND_S = 0.5
#: `worker --check` believes what is said for 15 s.
BEAT_EVERY_S = 3.0
#: How soon a full queue is asked again for room, if no step of this process ends before.
ROOM_AGAIN_S = 0.1
#: Lanes that are asked in one round trip: some ms of the server's time.
LANES_AT_ONCE = 64
#: Steps and bells wake the pump in volleys; ticks closer than this would claim the same nothing again.
SHORTEST_SLEEP_S = 0.01
#: Where a tick claimed so many runs, the next one comes a moment later: what costs a claim, a note in the ledger and
#: messages is then shared by more of them.
BUSY_RUNS, BUSY_SLEEP_S = 4, 0.03


@dataclass(frozen=True, slots=True)
class Ports:
    """What the pump touches: lanes and their claims, and the queues of the broker."""

    give_back: Callable[[], None]
    """Makes due what this process held when Redis stopped answering."""
    lanes: Callable[[], Collection[str]]
    """Tells which lanes there are."""
    stirring: Callable[[Sequence[str]], Collection[str]]
    """Tells in which of these lanes anything waits, runs or has still to land."""
    claim: Callable[[Sequence[AskedFor]], Sequence[Claims | GovernorError]]
    """Claims what is due in lanes, within their budgets and the room that is given: of each its answer."""
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
    """Says that this process is alive, or what keeps it, now and then after a tick that went well."""
    went_round: Callable[[], None]
    """Is told of each tick, however it went."""


class Pump:
    """Ticks in a thread of its own until it is stopped; `wake`, `ring` and `made_room` bring the next tick on."""

    def __init__(
        self, ports: Ports, serves: Collection[Step] = tuple(Step), monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Makes the pump of a process that carries out the steps that it `serves`."""
        self._ports = ports
        self._monotonic_s = monotonic_s
        self._serves = tuple(serves)
        self._agenda = Agenda(self._serves)
        self._rung: deque[tuple[str, Step, float]] = deque()
        self._hears, self._missed_bells = False, True
        self._waits_for_room = self._made_room = False
        self._round_s = self._beat_s = 0.0
        self._claimed = 0
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
        """Ticks at once: something is noted."""
        self._wake.set()

    def made_room(self) -> None:
        """Ticks at once if more is due somewhere than there was room for: a step of this process is over.

        What that step made due itself has rung (`governor/lua/shared/bell.lua`).
        """
        self._made_room = True
        if self._waits_for_room:
            self._wake.set()

    def ring(self, step: Step, delay_ms: int, lane: str) -> None:
        """Takes a bell: something of a step is due in a lane after so long."""
        if step in self._serves:
            self._rung.append((lane, step, self._monotonic_s() + delay_ms / 1000))
            self._wake.set()

    def hears(self, *, bells: bool) -> None:
        """Takes word that bells are heard from now on, or are not: either way some may be lost."""
        self._hears, self._missed_bells = bells, True
        self._wake.set()

    def publish_again(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        """Publishes runs again that a message brought to this process, and that no thread of it was free for."""
        self._put(step, lane, runs)
        self.wake()

    def tick(self) -> float:
        """Claims and publishes all that is due; returns how many seconds nothing more is, as far as is known."""
        self._claimed, self._made_room = 0, False
        self._ports.give_back()
        for lane, noted in self._ports.noted():
            self._put(Step.SUBMIT, lane, noted)
        self._publish()
        self._listen()
        if self._monotonic_s() >= self._round_s:
            self._go_round()
        self._claim_what_is_due()
        now_s = self._monotonic_s()
        if now_s >= self._beat_s:
            self._ports.beat()
            self._beat_s = now_s + BEAT_EVERY_S
        next_s = min(self._agenda.next_s(), self._round_s, self._beat_s)
        self._waits_for_room = self._agenda.waits_for_room
        if self._waits_for_room and self._made_room:
            return 0.0  # it may have been counted before it was made
        return max(0.0, min(next_s - now_s, ROOM_AGAIN_S if self._waits_for_room else ROUND_S))

    @property
    def pause_s(self) -> float:
        """Tells how long no bell ends the sleep after the last tick."""
        return BUSY_SLEEP_S if self._claimed >= BUSY_RUNS else SHORTEST_SLEEP_S

    def _listen(self) -> None:
        while self._rung:
            self._agenda.ring(*self._rung.popleft())
        if self._missed_bells:
            self._missed_bells = False
            self._agenda.look_every_s = LOOK_EVERY_S if self._hears else DEAF_ROUND_S
            self._agenda.look_at_all(self._monotonic_s())
            self._round_s = 0.0

    def _go_round(self) -> None:
        """Learns which lanes there are, and looks at those whose time has come."""
        now_s = self._monotonic_s()
        self._agenda.know(self._ports.lanes(), now_s)
        quiet = self._agenda.looks(now_s)
        for lane in self._ports.stirring(quiet) if quiet else ():
            self._agenda.stirs(lane, now_s)
        self._round_s = now_s + (ROUND_S if self._hears else DEAF_ROUND_S)

    def _claim_what_is_due(self) -> None:
        now_s = self._monotonic_s()
        if self._agenda.next_s() > now_s and not self._agenda.waits_for_room:
            return
        room = {step: max(0, self._ports.room(step)) for step in self._serves}
        while asked := self._agenda.take(now_s, room, LANES_AT_ONCE):
            try:
                answers = self._ports.claim(asked)
            except BaseException:
                for each in asked:
                    self._agenda.unanswered(each, now_s)
                raise
            now_s = self._monotonic_s()
            for each, claims in zip(asked, answers, strict=True):
                self._take_up(each, claims, room, now_s)
            self._publish()
            for each in asked:
                if not each.believes and Step.SUBMIT in each.room:
                    self._audit(each.lane)

    def _take_up(self, asked: AskedFor, claims: Claims | GovernorError, room: dict[Step, int], now_s: float) -> None:
        lane = asked.lane
        if isinstance(claims, GovernorError):
            # One lane that cannot be served, such as one of a newer release, must not stand before the others.
            self._tell_once(lane, "lane not served", claims)
            self._agenda.unanswered(asked, now_s, AGAIN_S)
            return
        self._told.pop(lane, None)
        for step in asked.room:
            due = claims.due[step]
            room[step] -= len(due)
            self._claimed += len(due)
            if due and step is Step.SUBMIT:
                self._ports.note(lane, due)
            elif due:
                self._put(step, lane, due)
            ms = claims.sleep_ms.get(step)
            self._agenda.answered(lane, step, now_s, None if ms is None else ms / 1000)
        if claims.unreconciled:
            self._agenda.ring(lane, Step.SUBMIT, now_s + AGAIN_S)
        if claims.sweep:
            self._put_sweep(lane, claims.sweep)

    def _audit(self, lane: str) -> None:
        try:
            self._ports.audit(lane)
        except GovernorError as error:
            self._tell_once(lane, "lane not served", error)

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
                sleep_s = AGAIN_S
            except Exception:  # whatever broke, the broker most likely: the next tick tries again
                log.exception("pump tick failed", extra={"event": "pump_failed"})
                sleep_s = AGAIN_S
            self._ports.went_round()
            # Jitter keeps the pumps of many processes from ticking in step: the first one takes what is due.
            self._wake.wait(max(0.0, sleep_s - self.pause_s) + random.uniform(0, SHORTEST_SLEEP_S))
            self._stopping.wait(self.pause_s)
