"""Follows when pumps would come: they sleep as long as a claim told, and come sooner where a bell rings."""

from collections.abc import Iterator
from math import inf
from typing import Any

from forebay.governor.contract import Claims
from forebay.governor.keys import BELL
from forebay.governor.states import Step

THAT_WAS_ALL = "test:that-was-all"


class Ear:
    """Hears what is rung."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._heard = client.pubsub(ignore_subscribe_messages=True)
        self._heard.subscribe(BELL, THAT_WAS_ALL)
        list(self.rung())

    def rung(self) -> Iterator[tuple[Step, int, str]]:
        """Yields what was rung since it was asked last: step, after how long something is due, lane."""
        self._client.publish(THAT_WAS_ALL, "")
        while True:
            message = self._heard.get_message(timeout=5)
            if message and message["channel"] == THAT_WAS_ALL:
                return
            if message:
                step, delay_ms, lane = message["data"].split(" ", 2)
                yield Step(step), int(delay_ms), lane

    def close(self) -> None:
        self._heard.close()


class SleepingPumps:
    """When the pumps come for each step, in ms of the model's clock."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self.come_ms: dict[Step, float] = dict.fromkeys(Step, inf)
        self.held_back: set[Step] = set()
        """Steps of which runs were due at the last claim that it did not hand out: a budget or a pause decides when."""

    def claimed(self, claims: Claims, now_ms: int, left_due: set[Step]) -> None:
        self.listen(now_ms)
        self.come_ms = {step: now_ms + claims.sleep_ms.get(step, inf) for step in Step}
        self.held_back = {step for step in left_due if claims.sleep_ms.get(step, inf) > 0}
        if claims.unreconciled:
            self.come_ms[Step.SUBMIT] = now_ms

    def listen(self, now_ms: int) -> None:
        for step, delay_ms, _ in self._ear.rung():
            self.come_ms[step] = min(self.come_ms[step], now_ms + delay_ms)
