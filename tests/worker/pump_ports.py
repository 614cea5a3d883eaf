"""Ports of a pump that answer as they are told, and remember what was asked of them."""

import dataclasses
import threading
from collections.abc import Sequence

import pytest

from forebay.governor.contract import AskedFor, Claimed, Claims
from forebay.governor.errors import GovernorError
from forebay.governor.states import Step
from forebay.worker.pump import Ports, Pump


class Recorder:
    """Ports that answer as told and remember what was asked of them, and a clock."""

    def __init__(self, *answers: Claims | GovernorError) -> None:
        self.answers = list(answers)
        self.now_s = 1000.0
        self.asked: list[AskedFor] = []
        self.trips: list[list[str]] = []
        self.stirs = True
        self.looked_at: list[str] = []
        self.counted = 0
        self.free = 8
        self.noting: list[tuple[str, list[Claimed]]] = []
        self.published: list[tuple[Step, str, list[Claimed]]] = []
        self.swept: list[tuple[str, int]] = []
        self.beats = 0
        self.rounds = threading.Semaphore(0)
        self.given_back = 0
        self.audited: list[str] = []
        self.lanes: Sequence[str] = ["a:test"]
        self.ticked = threading.Event()

    def pump(self, *, serves: Sequence[Step] = tuple(Step)) -> Pump:
        """A pump that hears bells."""
        pump = Pump(self.ports(), serves, lambda: self.now_s)
        pump.hears(bells=True)
        return pump

    def tick_that_fails(self, pump: Pump, port: str, error: Exception) -> None:
        """Breaks a port for one tick."""

        def broken(*_: object) -> None:
            raise error

        pump._ports = dataclasses.replace(self.ports(), **{port: broken})
        with pytest.raises(type(error), match=str(error)):
            pump.tick()
        pump._ports = self.ports()

    def claim(self, asked: Sequence[AskedFor]) -> list[Claims | GovernorError]:
        self.asked += asked
        self.trips.append([each.lane for each in asked])
        self.ticked.set()
        return [self.answers.pop(0) if self.answers else nothing() for _ in asked]

    def stirring(self, lanes: Sequence[str]) -> Sequence[str]:
        self.looked_at += lanes
        return lanes if self.stirs else []

    def room(self, _: Step) -> int:
        self.counted += 1
        return self.free

    def give_back(self) -> None:
        self.given_back += 1

    def note(self, lane: str, runs: Sequence[Claimed]) -> None:
        self.noting.append((lane, list(runs)))

    def noted(self) -> Sequence[tuple[str, list[Claimed]]]:
        noted, self.noting = self.noting, []
        return noted

    def publish(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        self.published.append((step, lane, list(runs)))

    def beat(self) -> None:
        self.beats += 1

    def ports(self) -> Ports:
        return Ports(
            give_back=self.give_back,
            lanes=lambda: self.lanes,
            stirring=self.stirring,
            claim=self.claim,
            room=self.room,
            note=self.note,
            noted=self.noted,
            publish=self.publish,
            sweep=lambda lane, fence: self.swept.append((lane, fence)),
            audit=self.audited.append,
            beat=self.beat,
            went_round=self.rounds.release,
        )


def nothing(**sleep_ms: int) -> Claims:
    """Answers a claim of a lane in which nothing is due."""
    sleeps = {Step(step): ms for step, ms in sleep_ms.items()}
    return Claims(sleeps, {step: [] for step in Step}, sweep=None, unreconciled=False)


def due(step: Step, *runs: str, **sleep_ms: int) -> Claims:
    """Answers a claim with runs of a step."""
    claims = nothing(**sleep_ms)
    claims.due[step] = [Claimed(run, 1) for run in runs]
    return claims
