"""Holds one slot of a lane for runs that are made beside all flows, and takes each request from the lane's budgets.

So what is asked here is counted under the cap with everything else, and a run is only begun while the slot is ours. It
is given back when the run was seen to end. Where that was not seen, it comes back by itself when nothing of it can be
alive. What is said here goes into the report, so it names no lane: a lane's name may be that of an account.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.store.ledger.failures import FailureClass
from forebay.worker.steps.retry_rules import SURELY_OVER_MS

#: How long a slot is waited for, and each request: in a lane whose runs take minutes a slot is freed within that.
PATIENCE_S = 120.0
_AGAIN_S = 0.5


class HeldSlot:
    """One slot, to be used as a context manager. `pause` stands for the passing of time in tests."""

    def __init__(
        self, governor: Governor, *, patience_s: float = PATIENCE_S, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._governor = governor
        self._holder = f"record-{secrets.token_hex(8)}"
        self._patience_s = patience_s
        self._pause = pause
        self.may_be_alive = False
        """Whether a create was sent that may be alive at Stripe: then the slot is not given back."""
        self.kept = ""
        """Once it was left: why the slot stays taken for a while; empty where it was given back."""
        self.requests = 0

    def __enter__(self) -> Self:
        try:
            self._wait_for_it()
        except BaseException:
            # Also at Ctrl-C: no flow would have it until it comes back by itself.
            with suppress(GovernorError):
                self._give_back()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if self.may_be_alive:
            self.kept = "its run may be alive until then"
            return
        try:
            self._give_back()
        except GovernorError as error:
            self.kept = f"Redis did not take it back ({type(error).__name__})"

    def before_create(self) -> None:
        """Makes sure that the slot is ours for as long as what is sent now may live. Raises `PreflightFailed`."""
        self._spend("create")
        if not self._has():
            raise _not_now("the lane gave the slot to others: it was paused, or Redis lost it")
        self.may_be_alive = True

    def before_look(self) -> None:
        """Takes one request that creates nothing. Raises `PreflightFailed` where the lane holds such requests back."""
        self._spend("retrieve")

    def _wait_for_it(self) -> None:
        waited_s = 0.0
        while not self._has():
            if waited_s >= self._patience_s:
                raise _not_now(f"no slot of the lane came free within {self._patience_s:.0f} s")
            self._pause(_AGAIN_S)
            waited_s += _AGAIN_S

    def _has(self) -> bool:
        return self._governor.set_aside(self._holder, 1, SURELY_OVER_MS)

    def _give_back(self) -> None:
        self._governor.set_aside(self._holder, 0, 0)

    def _spend(self, operation: str) -> None:
        waited_s = 0.0
        while wait_ms := self._governor.spend(operation):
            if wait_ms < 0:
                raise _not_now("the lane holds requests back after a refusal of Stripe's")
            if waited_s > self._patience_s:
                raise _not_now(f"the lane's budgets had no request left within {self._patience_s:.0f} s")
            self._pause(wait_ms / 1000)
            waited_s += wait_ms / 1000
        self.requests += 1


def _not_now(message: str) -> PreflightFailed:
    return PreflightFailed(
        message, way_out="try when less is under way", exit_code=Exit.USAGE, kind=FailureClass.QUOTA_CONCURRENCY
    )
