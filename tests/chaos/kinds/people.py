"""Strikes as people do: submits that are killed on the way, cancels, retries, rebuilds and pauses at bad moments."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.load import Load
from tests.chaos.stage import LANE, Stage

#: Runs of a batch that somebody makes for a fault alone.
SOME = 40
#: They run long enough for a command to come in between.
LONG = Load(mean_s=5)


@contextmanager
def _submit_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Kills a `submit` somewhere between its start and its end."""

    def kill(process: "subprocess.Popen[str]") -> None:
        time.sleep(dice.uniform(0.3, 2.5))
        process.send_signal(signal.SIGKILL)

    stage.submit(SOME, dice, meanwhile=kill)
    yield


@contextmanager
def _run_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Kills a `run` that follows its batch."""

    def kill(process: "subprocess.Popen[str]") -> None:
        time.sleep(dice.uniform(2, 6))
        process.send_signal(signal.SIGKILL)

    stage.submit(SOME, dice, verb="run", meanwhile=kill)
    yield


@contextmanager
def _canceled(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Cancels a batch while it runs."""
    batch = stage.submit_surely(SOME, dice, LONG)
    yield
    if batch:
        stage.cancel(batch)


@contextmanager
def _canceled_and_put_back(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Confirms a cancel, and then Valkey forgets the seconds in which it was confirmed."""
    batch = stage.submit_surely(SOME, dice, LONG)
    server = stage.servers.one(dice)
    copy = server.keep_copy()
    if batch:
        stage.cancel(batch)
    yield
    server.put_back(copy)


@contextmanager
def _canceled_in_a_rebuild(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Cancels between a rebuild's reading and its restoring."""
    batch = stage.submit_surely(SOME, dice, LONG)
    stage.servers.one(dice).surely(lambda client: client.flushall())
    rebuilding = threading.Thread(target=stage.forebay, args=("rebuild", "--json"))
    rebuilding.start()
    if batch:
        stage.over.wait(dice.uniform(0, 1.5))
        stage.cancel(batch)
    yield
    rebuilding.join()


@contextmanager
def _retried(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Retries whatever has failed of a batch that still runs, twice at once."""
    yield
    if stage.accepted:
        batch = dice.choice(stage.accepted).id
        twice = [threading.Thread(target=stage.forebay, args=("retry", batch, "--failed", "--json")) for _ in range(2)]
        for each in twice:
            each.start()
        for each in twice:
            each.join()


@contextmanager
def _rebuilt(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Rebuilds although nothing is lost."""
    stage.forebay("rebuild", "--json")
    yield


@contextmanager
def _lane_paused(stage: Stage, dice: random.Random) -> Iterator[None]:
    stage.forebay("pause", LANE, "--reason", "a test of chaos")
    try:
        yield
    finally:
        while stage.forebay("resume", LANE).code != 0 and not stage.over.wait(1):
            pass


@contextmanager
def _cap_lowered(stage: Stage, dice: random.Random) -> Iterator[None]:
    stage.forebay("lanes", "set", LANE, "--cap", str(stage.cast.cap // 2))
    try:
        yield
    finally:
        while stage.forebay("lanes", "set", LANE, "--cap", str(stage.cast.cap)).code != 0 and not stage.over.wait(1):
            pass


def _kind(
    name: str, does: str, lasts_s: tuple[float, float], strike: Strikes, *, subject: str = "people", quick: bool = False
) -> Kind:
    return Kind(name=name, subject=subject, does=does, lasts_s=lasts_s, strike=strike, quick=quick)


KINDS = [
    _kind("submit killed", "SIGKILL of `forebay submit` on its way", (0, 0), _submit_killed),
    _kind("run killed", "SIGKILL of `forebay run` on its way", (0, 0), _run_killed),
    _kind("canceled", "`forebay cancel` of a batch that runs", (0.5, 3), _canceled),
    _kind("retried", "`forebay retry --failed` twice at once", (0, 3), _retried),
    _kind("rebuilt", "`forebay rebuild` although nothing is lost", (0, 0), _rebuilt),
    _kind("lane paused", "`forebay pause` of the lane, then `resume`", (3, 8), _lane_paused),
    _kind("cap lowered", "`forebay lanes set --cap` to half, then back", (3, 8), _cap_lowered),
    _kind(
        "canceled, put back",
        "a cancel is confirmed, and Valkey forgets the seconds around it",
        (0.5, 2),
        _canceled_and_put_back,
        subject="valkey",
        quick=True,
    ),
    _kind(
        "canceled in a rebuild",
        "a cancel between a rebuild's reading and its restoring",
        (0, 0),
        _canceled_in_a_rebuild,
        subject="valkey",
    ),
]
