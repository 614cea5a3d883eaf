"""Moves running → ready, or settles: retrieves the QueryRun once, and acts on what it shows."""

from forebay.queryrun.errors import QueryRunError
from forebay.queryrun.models import QueryRun, ResultFile
from forebay.worker.steps.react import react
from forebay.worker.steps.retry_rules import fault, over_in_unknown_status, reason_to_fail, surely_over
from forebay.worker.steps.transfer import transfer
from forebay.worker.steps.turn import Turn

#: How long a look waits for its turn to land the result at once. Small results take less, and what goes the way of
#: larger ones costs a message, a custody and a retrieve more; a slow host keeps no look for longer than this.
LAND_WITHIN_S = 0.1


def poll(turn: Turn) -> None:
    """Looks at one running QueryRun."""
    if turn.custody.canceling and turn.item.fetched and turn.custody.since_poll_ms is None:
        turn.cancel()  # of ours there is nothing at Stripe
        return
    if turn.put_off():
        return
    try:
        observed = turn.retrieve()
    except QueryRunError as error:
        react(turn, error)
    else:
        observe(turn, observed)


def observe(turn: Turn, observed: QueryRun) -> None:
    """Moves a running run by what Stripe shows of it, to this step or to another one that asked."""
    if observed.running or not (observed.ended or surely_over(turn.custody)):
        turn.poll_later()
    elif turn.custody.canceling:
        turn.cancel()
    elif not observed.ended:
        turn.fail(over_in_unknown_status(observed))
    elif observed.succeeded:
        _succeeded(turn, observed)
    else:
        _failed(turn, observed)


def _succeeded(turn: Turn, observed: QueryRun) -> None:
    small, express = _small(observed.result, turn.runtime.express_bytes), turn.runtime.express
    if small is None:
        turn.ready(landing=False)
        return
    if not turn.ready(landing=True):
        return
    if not express.acquire(timeout=LAND_WITHIN_S):
        turn.defer(0)
        return
    try:
        transfer(turn, observed, small)
    finally:
        express.release()


def _small(result: ResultFile | None, most_bytes: int) -> ResultFile | None:
    """Gives the result if its URL is best used here and now: the retrieve that gave it was the last one then."""
    if result is None or result.size_bytes is None or result.size_bytes > most_bytes:
        return None
    return result


def _failed(turn: Turn, observed: QueryRun) -> None:
    reason = reason_to_fail(
        observed,
        elapsed_ms=turn.custody.since_create_ms or 0,
        attempt=turn.custody.attempt,
        words_before=turn.words_before(),
    )
    if reason is None and turn.item.fetched:
        turn.fail(fault(observed))  # it was there before, so nobody asked for another one
    elif reason is None:
        turn.run_again(observed)
    else:
        turn.fail(reason)
