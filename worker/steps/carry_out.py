"""Carries out a message: takes custody of each of its runs, and gives back what a step could not finish.

Called by the three tasks (`worker/app.py`). A message that is stale, since somebody else has the run or had it, is
dropped without a word.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from functools import partial

from forebay.config.errors import ConfigError, SecretError
from forebay.governor.contract import Claimed, Custody
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.governor import Governor
from forebay.governor.states import Gate, RunState, Step
from forebay.runtime.runtime import Runtime
from forebay.store.errors import StoreError
from forebay.worker.steps.download_step import download
from forebay.worker.steps.poll_step import poll
from forebay.worker.steps.retry_rules import DOWNLOAD_CUSTODY_MS, REQUEST_CUSTODY_MS
from forebay.worker.steps.submit_step import submit
from forebay.worker.steps.turn import Turn

log = logging.getLogger(__name__)

Work = Callable[[Turn], None]

#: Each step: the state that it is for, how long it may be silent, and its work.
STEPS: dict[Step, tuple[RunState, int, Work]] = {
    Step.SUBMIT: (RunState.GRANTED, REQUEST_CUSTODY_MS, submit),
    Step.POLL: (RunState.RUNNING, REQUEST_CUSTODY_MS, poll),
    Step.DOWNLOAD: (RunState.READY, DOWNLOAD_CUSTODY_MS, download),
}


def carry_out(runtime: Runtime, step: Step, lane: str, runs: Iterable[Claimed]) -> None:
    """Runs one step for each run of a message that is not stale, then says that it made room."""
    state, custody_ms, work = STEPS[step]
    governor = runtime.governor(lane)
    for claimed in runs:
        begin = partial(governor.begin, claimed, state, custody_ms, secrets.token_hex(8))
        custody = None
        try:
            custody = begin()
            if custody:
                turn = Turn(runtime, governor, custody)
                with runtime.under_way.step(f"{step} of {claimed.run}"), runtime.traced(step, turn):
                    _take(turn, work)
                runtime.made_room()
        except GovernorError as error:
            log.warning("put off: %s", error, extra={"event": "put_off", "lane": lane, "run": claimed.run})
            if isinstance(error, RedisUnavailable):
                # Else its slot would stand idle until the custody runs out, or the claim before it.
                runtime.left_behind.add(partial(_give_back, governor, begin, custody, str(error)))


def _give_back(governor: Governor, begin: Callable[[], Custody | None], custody: Custody | None, trouble: str) -> None:
    """Makes a run due at once that this process has in custody; or may have, for all that it was told."""
    held = custody or begin()
    if held:
        governor.defer(held, 0, trouble)


def _take(turn: Turn, work: Work) -> None:
    """Does the work of a step. One that breaks leaves its run as it was, due again: there is nothing to undo."""
    try:
        work(turn)
    except GovernorError:
        raise
    except SecretError as error:
        turn.await_operator(Gate.AUTH, str(error))
    except (ConfigError, StoreError) as error:
        # Another process may know this connection, and the store may answer later: the run is not ours to fail.
        turn.came_to["error.type"] = type(error).__name__
        log.warning("put off: %s", error, extra={"event": "put_off", **turn.log_fields})
        turn.back_off(str(error))
    except Exception as error:
        turn.came_to["error.type"] = type(error).__name__
        log.exception("a step failed, which is a bug", extra={"event": "bug", **turn.log_fields})
        turn.back_off(f"internal error ({type(error).__name__}), see the worker's log")
