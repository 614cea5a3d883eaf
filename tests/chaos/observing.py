"""Watches a run from outside: whether it gets on, by the sandbox's books, and what the product says if not."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.owing import unsettled
from tests.chaos.stage import Stage

EVERY_S = 0.5
#: Nothing that is shorter is a standstill; and so often it is asked whether anything is owed at all.
OWES_AFTER_S = 3.0
#: A standstill of this length is asked about, again and again until something is said of it, or it is over.
ASK_AFTER_S = 15.0
#: And one of this length must have been explained by then.
MUST_EXPLAIN_S = 60.0


@dataclass(slots=True)
class Standstill:
    """A time in which nothing got on although there was work."""

    since: float
    until: float
    explained: list[str] = field(default_factory=list)
    """What the product said."""
    slowdown: float = 1.0
    """How many times slower than alone processes ran meanwhile."""

    @property
    def seconds(self) -> float:
        """Gives its length."""
        return self.until - self.since


class Observer:
    """Samples in a thread."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._stopping = threading.Event()
        self.standstills: list[Standstill] = []

    @contextmanager
    def watching(self) -> Iterator["Observer"]:
        """Watches for as long as the block lasts."""
        threads = [threading.Thread(target=work, daemon=True) for work in (self._watch, self._ask)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(60)

    def _watch(self) -> None:
        last, since, asked = self._marks(), time.time(), 0.0
        while not self._stopping.wait(EVERY_S):
            marks, now = self._marks(), time.time()
            if marks != last:
                last, since = marks, now
            elif now - since > OWES_AFTER_S and now - asked > OWES_AFTER_S:
                asked = now
                if not unsettled(self._stage):
                    since = now  # nothing can get on where nothing is owed
                else:
                    self._note(since, now)
            elif self.standstills and self.standstills[-1].since == since:
                self.standstills[-1].until = now

    def _note(self, since: float, now: float) -> None:
        if not self.standstills or self.standstills[-1].since != since:
            self.standstills.append(Standstill(since=since, until=now))
        self.standstills[-1].until = now

    def _marks(self) -> tuple[int, ...]:
        """Reads what must move if anything gets on: runs created, ended, downloaded."""
        with suppress(httpx.HTTPError):
            counts = self._stage.stripe.counts()
            scopes = counts["scopes"].values()
            ended = sum(scope["succeeded"] + scope["failed"] for scope in scopes)
            return counts["totals"]["runs"], ended, counts["downloads_finished"]
        return ()

    def _ask(self) -> None:
        while not self._stopping.wait(EVERY_S):
            current = self.standstills[-1] if self.standstills else None
            goes_on = current and time.time() - current.until < 2 * EVERY_S and current.seconds > ASK_AFTER_S
            if current and goes_on and not current.explained:
                current.explained += explanations(self._stage)
                self._stopping.wait(10)


def explanations(stage: Stage) -> list[str]:
    """Asks the commands that people would ask, and gives what they find to say of a system that stands still."""
    doctor = stage.forebay("doctor", "--json", most_s=60)
    lanes = stage.forebay("lanes", "--json", most_s=60)
    found = [f"doctor: {event['check']}: {event['message']}" for event in _events(doctor.out) if _complains(event)]
    for event in _events(lanes.out):
        found += [f"lanes: {event['lane']} closed: {gate['reason']}" for gate in event.get("closed", ())]
        if paused := event.get("paused"):
            found.append(f"lanes: {event['lane']} paused: {paused['reason']}")
        if why := event.get("unreconciled"):
            found.append(f"lanes: {event['lane']} unreconciled: {why}")
    found += [f"{said.words[0]}: {said.err.strip()[-300:]}" for said in (doctor, lanes) if said.code is None]
    found += [f"lanes: {event['error']['message']}" for event in _events(lanes.out) if "error" in event]
    return found


def _complains(event: dict[str, Any]) -> bool:
    return event.get("event") == "check" and event["verdict"] != "ok"


def _events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
