"""Says in our words what Stripe says of one attempt of a run. Made by a dialect; read by the steps and by landing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

#: Only the newer generation knows `canceled`. A status that we don't know is not in here.
_ENDED = frozenset({"succeeded", "failed", "canceled"})


def sql_sha256(sql: str) -> str:
    """Hashes what two texts of one query have in common, however white space and punctuation were tidied up."""
    return hashlib.sha256(re.sub(r"[\W_]+", "", sql).lower().encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """Where a result can be fetched, for RESULT_URL_S from the reply that it came in (a new retrieve gives a new URL).

    The URL is a secret: whoever has it has the rows.
    """

    content_type: str
    """`csv` or `zip`."""
    url: SecretStr
    expires_at: datetime | None
    size_bytes: int | None
    """What Stripe announced, if it did."""
    rows: int | None = None
    """How many records Stripe counted in it, the header not among them; None if it did not say."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name and type of each column in their order, as Stripe calls them; none if it did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailure:
    """Why a QueryRun failed."""

    code: str | None
    """Known are `file_size_above_limit`, `internal_error` and `query_run_invalid_sql`; the list is open."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRun:
    """One QueryRun as Stripe showed it at one moment."""

    id: str
    status: str
    livemode: bool | None = None
    """The one dependable sign of the mode; None if the reply did not say."""
    created: datetime | None = None
    refreshed_at: datetime | None = None
    """Up to when the data had come in that the query saw; None if the reply did not say."""
    result: ResultFile | None = None
    failure: RunFailure | None = None
    sql_sha256: str | None = None
    """Of the SQL that it says it runs, see `sql_sha256`; None if the reply did not say."""
    request_id: str | None = None
    """That of the reply."""

    @property
    def running(self) -> bool:
        """Tells whether Stripe says that it runs. A status that nobody knows is neither this nor an end."""
        return self.status == "running"

    @property
    def succeeded(self) -> bool:
        """Tells whether it has a result."""
        return self.status == "succeeded"

    @property
    def canceled(self) -> bool:
        """Tells whether somebody at Stripe ended it, on purpose: no API of ours can."""
        return self.status == "canceled"

    @property
    def ended(self) -> bool:
        """Tells whether its slot at Stripe is free, which none is of a status that nobody knows."""
        return self.status in _ENDED
