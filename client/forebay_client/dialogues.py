"""Says what the client does in more than one exchange: waits to the end, asks again where nobody answered. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from forebay_client import asking
from forebay_client.batch_results import BatchStatus
from forebay_client.deployment_results import Deed
from forebay_client.errors import CLASSES, HOPELESS, BatchFailed, ForebayError, InputRefused, StillRunning
from forebay_client.exchange import Dialogue, Exchange, Rest, ask

T = TypeVar("T")
Clock = Callable[[], float]

#: The server may hold a look so long; proxies usually cut an answer at 60 s.
HELD_S = 50
#: A server that answers sooner than it was asked to is not asked again at once.
LEAST_S = 1.0
#: For so long a call that may be sent again is, where nobody answers: a server that is deployed anew takes seconds.
PATIENCE_S = 5.0
#: Whoever waits for hours is not to lose that to a restart.
PATIENCE_OF_A_WAIT_S = 300.0
#: What is left of a wait and is shorter is over.
_SHORTEST_S = 0.001
_FIRST_REST_S, _LONGEST_REST_S = 0.25, 10.0


@dataclass(slots=True, kw_only=True)
class _Silence:
    """A time in which nobody answers; rests in it grow."""

    until_s: float
    """Then it is told."""
    _rest_s: float = _FIRST_REST_S

    def next_rest(self) -> Rest:
        rest = Rest(seconds=self._rest_s)
        self._rest_s = min(self._rest_s * 2, _LONGEST_REST_S)
        return rest


def persist(exchange: Exchange[T], now_s: Clock, patience_s: float = PATIENCE_S) -> Dialogue[T]:
    """Makes one exchange, and makes it again where that is safe and may help."""
    silence = _Silence(until_s=now_s() + patience_s)
    while True:
        try:
            return (yield from ask(exchange))
        except ForebayError as error:
            if not (exchange.repeatable and error.may_try_again) or now_s() >= silence.until_s:
                raise
        yield silence.next_rest()


def wait(batch_id: str, *, timeout_s: float | None, check: bool, now_s: Clock) -> Dialogue[BatchStatus]:
    """Waits until a batch goes on no more by itself. Raises `StillRunning`, and with `check` what its end stands for.

    The batch goes on in either case: neither a time-out nor whoever stops waiting cancels anything.
    """
    until = inf if timeout_s is None else now_s() + timeout_s
    silence: _Silence | None = None
    while True:
        asked = now_s()
        try:
            status = yield from ask(asking.batch(batch_id, held_s=round(min(HELD_S, max(0.0, until - asked)))))
        except ForebayError as error:
            if not error.may_try_again:
                raise
            silence = silence or _Silence(until_s=asked + min(PATIENCE_OF_A_WAIT_S, max(PATIENCE_S, until - asked)))
            if now_s() >= silence.until_s:
                raise
            yield silence.next_rest()
            continue
        silence = None
        if status.exit_code is not None:
            break
        now = now_s()
        if until - now < _SHORTEST_S:
            raise still_running(status, timeout_s or 0)
        # Of a wait of less than a second too, and of a server that held nothing back.
        if now - asked < LEAST_S:
            yield Rest(seconds=min(LEAST_S, until - now))
    if status.failed and not status.failures:
        # Of queries that were handed in by themselves nobody writes a closing, which would say why.
        failures, way_out = yield from persist(asking.failure_report(batch_id), now_s)
        status = replace(status, failures=tuple(failures), way_out=status.way_out or way_out)
    if check:
        raise_for(status)
    return status


def take_up(batch_id: str, *, why: str | None, now_s: Clock) -> Dialogue[list[Deed]]:
    """Takes up failed runs that may land now; all of them, where all would fail again; nothing of what did not fail."""
    status = yield from persist(asking.batch(batch_id), now_s)
    if status.exit_code != BatchFailed.exit_code:
        return []
    causes = {each.error_class for each in (yield from persist(asking.failures(batch_id), now_s))}
    deeds = []
    for cause in sorted(causes - HOPELESS or causes):
        retry = asking.act(asking.batch_act(batch_id, "retry"), cause=cause, why=why)
        with suppress(InputRefused):  # somebody else took it up since, or canceled it: whoever waits hears of that
            deeds.append((yield from persist(retry, now_s)))
    return deeds


def raise_for(status: BatchStatus) -> None:
    """Raises what the end of a batch stands for, unless all landed."""
    if status.exit_code:
        kind = CLASSES.get(status.exit_code, BatchFailed)
        raise kind(_sentence(status), kind=status.state, way_out=status.way_out, batch=status)


def still_running(status: BatchStatus, timeout_s: float) -> StillRunning:
    """Says that the wait is over, and how far the batch has come."""
    so_far = f"{status.landed:,} of {status.runs:,} runs landed"
    return StillRunning(
        f"batch {status.id} is {status.state} after {timeout_s:g} s, {so_far}; it goes on",
        kind=status.state,
        batch=status,
    )


def _sentence(status: BatchStatus) -> str:
    words = f"batch {status.id} ended as {status.state}" if status.ended else f"batch {status.id} stands still"
    counts = f"{status.landed:,} of {status.runs:,} runs landed"
    reasons = [f"{each.error_class}: {each.message}" for each in status.failures]
    reasons += [f"{each.check} of {each.name}: {each.finding}" for each in status.checks if not each.ok]
    reasons += [each["message"] for each in status.facts.get("causes") or ()]
    return "; ".join([f"{words}, {counts}", *reasons[:1]])
