"""Names the dialects of Stripe's API for queries, one for each of its generations, and says what a dialect is.

A create speaks the one that its batch names, a retrieve that of the QueryRun's id. A new one is a file beside
`reporting.py` and `data.py`, a line here, and its name in `config/stripe.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from forebay.config.stripe import Api
from forebay.queryrun.data import DataDialect
from forebay.queryrun.models import QueryRun
from forebay.queryrun.reporting import ReportingDialect


class Dialect(Protocol):
    """All in which the generations differ: paths, requests, replies. Without state, so that clients share one."""

    @property
    def create_path(self) -> str:
        """Says where a QueryRun is created; it is retrieved below that, by its id."""

    @property
    def id_prefix(self) -> str:
        """Says what the ids of its QueryRuns begin with."""

    def body(self, *, sql: str, compress: bool) -> bytes:
        """Writes the create request, always the same bytes for the same arguments, and other ones than another dialect.

        They go into the idempotency key.
        """

    def parse(self, body: bytes, *, request_id: str | None) -> QueryRun:
        """Reads a reply; ProviderError if it is no QueryRun at all."""


DIALECTS: Mapping[Api, Dialect] = MappingProxyType({Api.REPORTING: ReportingDialect(), Api.DATA: DataDialect()})


def api_of(query_run_id: str) -> Api | None:
    """Tells by its id which generation made a QueryRun; None where no generation is known to make such ids."""
    return next((api for api, dialect in DIALECTS.items() if query_run_id.startswith(dialect.id_prefix)), None)
