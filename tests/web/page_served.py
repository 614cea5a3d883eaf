"""Runs the page and its API on a real port in a thread, over readings that a test gives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from forebay.config.document.web_access import WebAccess
from forebay.web.access.identity import Identity
from forebay.web.access.request_rules import LOOPBACK_NAMES
from forebay.web.acts.act import Acts, Doer, Outlook, WantedAct
from forebay.web.api.readings import (
    BatchesWanted,
    CostsWanted,
    Facts,
    LaneStates,
    PackedStates,
    Readings,
    RequestProblem,
    RunsWanted,
)
from forebay.web.api.work import WantedBatch, Work
from forebay.web.errors import NothingThere
from forebay.web.page_application import create_page_application
from forebay.web.serving import listening, make_server


class Told:
    """Readings that say what they were told to say, and count how often they are asked."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.asked: list[str] = []
        self.acts = Kept()

    def today(self) -> Facts:
        return self._say("today")

    def batches(self, wanted: BatchesWanted) -> Facts:
        return self._say("batches", wanted)

    def batch(self, batch_id: str) -> Facts:
        return self._say("batch", batch_id)

    def runs(self, batch_id: str, wanted: RunsWanted) -> Facts:
        return self._say("runs", batch_id, wanted)

    def states(self, batch_id: str) -> PackedStates:
        self.asked.append("states")
        states: PackedStates = self.facts.get("states") or PackedStates(
            lanes=(LaneStates(lane="acme:test", runs=4, packed=b"\x44\x52"),), columns=2
        )
        return states

    def run(self, batch_id: str, lane: str, index: int) -> Facts:
        return self._say("run", batch_id, lane, index)

    def failures(self, batch_id: str) -> Facts:
        return self._say("failures", batch_id)

    def manifests(self, batch_id: str, start: int, limit: int) -> Facts:
        return self._say("manifests", batch_id, start, limit)

    def over(self, batch_ids: Collection[str]) -> Collection[str]:
        return [each for each in batch_ids if each in self.facts.get("over", ())]

    def window(self, extract: str, text: str) -> Facts:
        return self._say("window", extract, text)

    def costs(self, wanted: CostsWanted) -> Facts:
        return self._say("costs", wanted)

    def lanes(self) -> Facts:
        return self._say("lanes")

    def extracts(self) -> Facts:
        return self._say("extracts")

    def extract(self, name: str, windows: int) -> Facts:
        return self._say("extract", name, windows)

    def accounts(self) -> Facts:
        return self._say("accounts")

    def account(self, account: str, windows: int) -> Facts:
        return self._say("account", account, windows)

    def deed(self, name: str) -> Facts:
        found = next((each for each in self.deeds(100)["deeds"] if each["deed"] == name), None)
        if found is None:
            raise NothingThere("Nothing was done by that name")
        return {"going_on": False, "windows": None, "batch": None, **found, **self.facts.get("deed", {})}

    def deeds(self, limit: int) -> Facts:
        return {
            "deeds": [
                {
                    "deed": f"deed-{number}",
                    "at": "2026-11-29T09:00:00+00:00",
                    "by": doer.name,
                    "known_by": doer.known_by,
                    "act": act.kind,
                    "target": act.target,
                    "asked": dict(act.asked),
                    "why": doer.why,
                    "came": "14 runs taken up",
                    "done": True,
                }
                for number, (act, doer) in enumerate(self.acts.done, start=1)
            ]
        }

    def problem(self, error: Exception) -> RequestProblem:
        status = 404 if isinstance(error, NothingThere) else 500
        return RequestProblem(status=status, kind="test", message=str(error), way_out="look at the test")

    def _say(self, name: str, *given: object) -> Facts:
        self.asked.append(name)
        said = self.facts.get(name, {"of": name, "given": [str(each) for each in given]})
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, dict)
        return said


class Kept:
    """Acts that do nothing but keep who wanted what."""

    def __init__(self) -> None:
        self.done: list[tuple[WantedAct, Doer]] = []

    def outlook(self, act: WantedAct) -> Outlook:
        return Outlook(title=f"{act.kind} of {act.target}", sentences=(f"asked: {dict(act.asked)}",))

    def carry_out(self, act: WantedAct, doer: Doer) -> str:
        self.done.append((act, doer))
        return f"deed-{len(self.done)}"


class Begun:
    """Work that does nothing but keep who wanted what."""

    def __init__(self) -> None:
        self.submitted: list[tuple[WantedBatch, Identity]] = []

    def submit(self, wanted: WantedBatch, who: Identity) -> Facts:
        self.submitted.append((wanted, who))
        facts = {"batch": "b1", "created": len(self.submitted) == 1, "runs": 1, "output": "/out"}
        return {**facts, "lanes": ["acme:test"], "warnings": []}

    def links(self, batch_id: str, lane: str, index: int, for_s: int) -> Facts:
        return {"links": [], "expires_at": f"{batch_id} {lane} {index} {for_s}"}


@contextmanager
def page_served(
    readings: Readings,
    access: WebAccess | None = None,
    *,
    acts: Acts | None = None,
    work: Work | None = None,
    here: str | None = "ana",
    hosts: Collection[str] = LOOPBACK_NAMES,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic_s: Callable[[], float] = time.monotonic,
) -> Iterator[httpx.Client]:
    """A client of the page while it is served."""
    acts = acts or Kept()
    if isinstance(readings, Told) and isinstance(acts, Kept):
        readings.acts = acts
    stopping = threading.Event()
    application = create_page_application(
        readings,
        acts,
        work or Begun(),
        access or WebAccess(),
        hosts=hosts,
        here=here,
        now=now,
        monotonic_s=monotonic_s,
        stopping=stopping.is_set,
    )
    ready = threading.Event()
    server = make_server(application, ready.set)
    with listening("127.0.0.1", 0) as (listener, url):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page", daemon=True)
        thread.start()
        try:
            assert ready.wait(30)
            with httpx.Client(base_url=url, timeout=30) as client:
                yield client
        finally:
            stopping.set()
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
