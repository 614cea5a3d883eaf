"""Strikes at the product's own processes: kills them, or stops them for longer than a custody lasts."""

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.processes import Service
from tests.chaos.stage import Stage

#: Longer than a step's custody (`worker/steps/retry_rules.py`): whoever wakes finds that others took over.
PAST_CUSTODY_S = (63.0, 70.0)

Services = Callable[[Stage], list[Service]]


def _killed(services: Services) -> Strikes:
    @contextmanager
    def strike(stage: Stage, dice: random.Random) -> Iterator[None]:
        dice.choice(services(stage)).send(signal.SIGKILL, ends_it=True)
        yield

    return strike


def _stopped(services: Services) -> Strikes:
    @contextmanager
    def strike(stage: Stage, dice: random.Random) -> Iterator[None]:
        service = dice.choice(services(stage))
        service.send(signal.SIGSTOP, ends_it=False)
        try:
            yield
        finally:
            service.send(signal.SIGCONT, ends_it=False)

    return strike


@contextmanager
def _all_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    for service in stage.services:
        service.send(signal.SIGKILL, ends_it=True)
    yield


@contextmanager
def _asked_to_end(stage: Stage, dice: random.Random) -> Iterator[None]:
    dice.choice([*stage.submitters, *stage.downloaders]).send(signal.SIGTERM, ends_it=True)
    yield


def _submitters(stage: Stage) -> list[Service]:
    return stage.submitters


def _downloaders(stage: Stage) -> list[Service]:
    return stage.downloaders


def _beats(stage: Stage) -> list[Service]:
    return stage.beats


NOW = (0.0, 0.0)

KINDS = [
    Kind(
        name="submitter killed",
        subject="submitters",
        does="SIGKILL of a worker that submits and polls",
        lasts_s=NOW,
        strike=_killed(_submitters),
    ),
    Kind(
        name="submitter stopped",
        subject="submitters",
        does="SIGSTOP of a worker that submits and polls, past custody, then SIGCONT",
        lasts_s=PAST_CUSTODY_S,
        strike=_stopped(_submitters),
    ),
    Kind(
        name="downloader killed",
        subject="downloaders",
        does="SIGKILL of a worker that downloads",
        lasts_s=NOW,
        strike=_killed(_downloaders),
    ),
    Kind(
        name="downloader stopped",
        subject="downloaders",
        does="SIGSTOP of a worker that downloads, past custody, then SIGCONT",
        lasts_s=PAST_CUSTODY_S,
        strike=_stopped(_downloaders),
    ),
    Kind(name="beat killed", subject="beat", does="SIGKILL of the beat", lasts_s=NOW, strike=_killed(_beats)),
    Kind(
        name="beat stopped",
        subject="beat",
        does="SIGSTOP of the beat, then SIGCONT",
        lasts_s=(20, 40),
        strike=_stopped(_beats),
    ),
    Kind(name="all killed", subject="submitters", does="SIGKILL of every process", lasts_s=NOW, strike=_all_killed),
    Kind(
        name="worker asked to end",
        subject="submitters",
        does="SIGTERM of a worker in the midst of its work",
        lasts_s=NOW,
        strike=_asked_to_end,
        quick=True,
    ),
]
