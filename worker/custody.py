"""Between a message and a step: takes custody of each run, and gives back what a step could not finish.

Called by the three tasks (`app.py`).
"""

import logging
from collections.abc import Callable, Iterable

from forebay.config.errors import ConfigError, SecretError
from forebay.governor.contract import Claimed, Custody
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.governor.states import RunState, Step
from forebay.store.errors import StoreError
from forebay.worker.runtime import Runtime
from forebay.worker.steps.download_step import download
from forebay.worker.steps.poll_step import poll
from forebay.worker.steps.reactions import await_operator
from forebay.worker.steps.submit_step import submit
from forebay.worker.steps.timing import DOWNLOAD_CUSTODY_MS, REQUEST_CUSTODY_MS, backoff_ms

log = logging.getLogger(__name__)

Carry = Callable[[Runtime, Governor, Custody], None]

#: Each step: the state that it is for, how long it may be silent, and its work.
STEPS: dict[Step, tuple[RunState, int, Carry]] = {
    Step.SUBMIT: (RunState.GRANTED, REQUEST_CUSTODY_MS, submit),
    Step.POLL: (RunState.RUNNING, REQUEST_CUSTODY_MS, poll),
    Step.DOWNLOAD: (RunState.READY, DOWNLOAD_CUSTODY_MS, download),
}


def carry_out(rt: Runtime, step: Step, lane: str, runs: Iterable[tuple[str, int]]) -> None:
    """Runs one step for each run of a message that is not stale, then wakes the pump."""
    state, custody_ms, carry = STEPS[step]
    governor = rt.governor(lane)
    for run in runs:
        try:
            custody = governor.begin(Claimed(*run), state, custody_ms)
            if custody:
                _carry(rt, governor, custody, carry)
                rt.wake()
        except GovernorError as error:
            # Without Redis nothing can be given back: the custody, or the claim before it, runs out by itself.
            log.warning("put off: %s", error, extra={"event": "put_off", "lane": lane, "run": run[0]})


def _carry(rt: Runtime, governor: Governor, custody: Custody, carry: Carry) -> None:
    """A step that breaks leaves its run as it was, due again: there is nothing to undo."""
    fields = {"lane": governor.lane, "run": custody.run}
    try:
        carry(rt, governor, custody)
    except GovernorError:
        raise
    except SecretError as error:
        await_operator(governor, custody, str(error))
    except ConfigError as error:
        # Another process may know this connection: the run is not ours to fail.
        log.warning("put off: %s", error, extra={"event": "put_off", **fields})
        governor.defer(custody, backoff_ms(custody.tries), str(error))
    except StoreError as error:
        log.warning("put off: %s", error, extra={"event": "put_off", **fields})
        governor.defer(custody, backoff_ms(custody.tries), str(error))
    except Exception as error:
        log.exception("a step failed, which is a bug", extra={"event": "bug", **fields})
        governor.defer(
            custody, backoff_ms(custody.tries), f"internal error ({type(error).__name__}), see the worker's log"
        )
