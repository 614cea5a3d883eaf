"""Names the dialects of Stripe's API for queries, one for each of its generations, and says what a dialect is.

`client` speaks the one that its connection names. A new one is a file beside `reporting.py`, a line here, and its
name in `config/stripe.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from forebay.config.stripe import Api
from forebay.queryrun.models import QueryRun
from forebay.queryrun.reporting import ReportingDialect


class Dialect(Protocol):
    """All in which the generations differ: paths, requests, replies. Without state, so that clients share one."""

    @property
    def create_path(self) -> str:
        """Says where a QueryRun is created."""

    def retrieve_path(self, query_run_id: str) -> str:
        """Says where a QueryRun is retrieved."""

    def body(self, *, sql: str, compress: bool) -> bytes:
        """Writes the create request, always the same bytes for the same arguments: they go into the idempotency key."""

    def parse(self, body: bytes, *, request_id: str | None) -> QueryRun:
        """Reads a reply; ProviderError if it is no QueryRun at all."""


DIALECTS: Mapping[Api, Dialect] = MappingProxyType({Api.REPORTING: ReportingDialect()})
