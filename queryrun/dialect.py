"""What differs between the generations of Stripe's API. `reporting.py` is the one of 2026-04-22.preview; its successor,
`/v2/data/query_runs`, becomes one more file beside it."""

from __future__ import annotations

from typing import Protocol

from forebay.queryrun.models import QueryRun


class Dialect(Protocol):
    @property
    def create_path(self) -> str: ...

    def retrieve_path(self, query_run_id: str) -> str: ...

    def body(self, *, sql: str, compress: bool) -> bytes:
        """The create request, always the same bytes for the same arguments: they go into the idempotency key."""
        ...

    def parse(self, body: bytes, *, request_id: str | None) -> QueryRun:
        """Read a reply; ProviderError if it is no QueryRun at all."""
        ...
