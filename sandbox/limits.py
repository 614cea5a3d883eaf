"""Limits requests as Stripe does, per account and mode: how many a second, and how many in flight.

Each refuses with the reason that Stripe documents for it in Stripe-Rate-Limited-Reason.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.errors import too_many_requests
from forebay.sandbox.faults import Operation
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.sandbox_settings import SandboxSettings


@dataclass(slots=True)
class _Bucket:
    """Holds one second's worth: an idle account may send that many at once, as a limit "per second" allows."""

    tokens: float
    filled_at_s: float

    def take(self, rate_per_s: float, now_s: float) -> bool:
        grown = self.tokens + (now_s - self.filled_at_s) * rate_per_s
        self.tokens, self.filled_at_s = min(max(rate_per_s, 1.0), grown), now_s
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Limiters:
    """The limiters of every account, mode and operation."""

    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)
    _in_flight: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @contextmanager
    def admit(
        self, caller: Caller, operation: Operation, settings: SandboxSettings, api: SandboxApi | None = None
    ) -> Iterator[None]:
        """Counts a request in flight for as long as the block lasts; raises the 429 of a limiter that is full.

        `api` is the generation whose operation it is, if it is one's.
        """
        account = (caller.owner, caller.mode)
        endpoint = (*account, operation.value, *([api] if api and settings.rate_per_api else ()))
        global_rate = settings.global_rate_live_per_s if caller.livemode else settings.global_rate_test_per_s
        self._rate(endpoint, settings.endpoint_rate_per_s, "endpoint-rate")
        self._rate(account, global_rate, "global-rate")
        self._room(endpoint, settings.endpoint_concurrency, "endpoint-concurrency")
        self._room(account, settings.global_concurrency, "global-concurrency")
        self._in_flight.update((endpoint, account))
        try:
            yield
        finally:
            self._in_flight.subtract((endpoint, account))

    def _rate(self, key: tuple[str, ...], rate_per_s: float, reason: str) -> None:
        if rate_per_s == 0:
            return
        now_s = self.clock()
        bucket = self._buckets.setdefault(key, _Bucket(max(rate_per_s, 1.0), now_s))
        if not bucket.take(rate_per_s, now_s):
            raise too_many_requests(reason)

    def _room(self, key: tuple[str, ...], most: int, reason: str) -> None:
        if most and self._in_flight[key] >= most:
            raise too_many_requests(reason)
