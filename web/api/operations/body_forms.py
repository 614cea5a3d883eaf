"""Says what bodies the API takes: one form a kind of request. The OpenAPI document has them as they stand here."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from forebay.config.document.strict import Strict
from forebay.config.result_format import ResultFormat
from forebay.config.standing import FlowClass
from forebay.store.ledger.caller_key import MOST_KEY_LETTERS
from forebay.web.acts.act_forms import MOST_WHY

MOST_QUERIES = 10_000
#: A link is for somebody who follows it now.
SOME_LINK_S, MOST_LINK_S = 300, 900
_WORD = r"^[A-Za-z_][A-Za-z0-9_-]*$"

Text = Annotated[str, Field(max_length=1_000)]


class _Form(Strict):
    model_config = ConfigDict(use_attribute_docstrings=True)


class QueryForm(_Form):
    """A query."""

    sql: str
    name: Annotated[str | None, Field(max_length=200)] = None
    """Names its result; else it is its number, as in `query-000001`."""
    account: Text | None = None
    """Whom it asks; else that of the body, or the connection's own."""


class _BatchForm(_Form):
    """What may be said of each batch."""

    key: Annotated[str | None, Field(min_length=1, max_length=MOST_KEY_LETTERS)] = None
    """Makes it once: the same key is the same batch, and other content under it an error."""
    to: Text | None = None
    """Where results go: `s3://bucket/prefix` or `file:///folder`, in a destination of the deployment but for admins."""
    result_format: Annotated[ResultFormat | None, Field(alias="format", strict=False)] = None
    connection: Text | None = None
    flow_class: Annotated[FlowClass | None, Field(alias="class", strict=False)] = None
    weight: Annotated[float | None, Field(ge=0.01, le=1000)] = None
    ceiling: Annotated[int | None, Field(ge=0, le=10_000)] = None


class QueriesForm(_BatchForm):
    """A batch of queries."""

    queries: Annotated[list[QueryForm], Field(min_length=1, max_length=MOST_QUERIES)]
    account: Text | None = None
    """Whom those ask that name nobody themselves."""


class DefinitionForm(_BatchForm):
    """A batch or a window of the spec. A window is made once without a key."""

    definition: Annotated[str, Field(min_length=1, max_length=100)]
    """A batch or an extract of the spec, by its name."""
    window: Annotated[str | None, Field(max_length=40)] = None
    """Of an extract: the date or time that its window is in, as 2026-01-31; else it is the newest that is over."""
    params: dict[Annotated[str, Field(pattern=_WORD)], str] = Field(default_factory=dict)
    fresh: bool = False
    """Share and replay no earlier run of the same SQL."""
    again: bool = False
    """Run a window that ended once more: another batch."""


class LinksForm(_Form):
    """For how long links are good."""

    expires_s: Annotated[int, Field(ge=1, le=MOST_LINK_S)] = SOME_LINK_S


class ActForm(_Form):
    """What may be said of each act."""

    why: Annotated[str | None, Field(max_length=MOST_WHY)] = None
    """Kept with who did it."""
    dry_run: bool = False
    """Says what it comes to, and does nothing."""


class RetryForm(ActForm):
    """Which failed runs are taken up: all, or those of a cause, an account or a name."""

    cause: Text | None = None
    account: Text | None = None
    name: Text | None = None
    shown: Annotated[int | None, Field(ge=0, le=10**9)] = None
    """How many it was said to be: of more nothing is done."""


class ChangeForm(ActForm):
    """The class that a batch has from now on."""

    flow_class: Annotated[FlowClass, Field(alias="class", strict=False)]


class BackfillForm(ActForm):
    """Which windows are filled: all, or those from a date or time up to before another."""

    start: Annotated[str | None, Field(alias="from", max_length=40)] = None
    end: Annotated[str | None, Field(alias="to", max_length=40)] = None
    shown: Annotated[int | None, Field(ge=0, le=10**9)] = None
    """How many runs it was said to be: of more nothing is begun."""


class LimitsForm(ActForm):
    """Limits of a lane; those that are left out stay."""

    cap: Annotated[int | None, Field(ge=1, lt=10_000)] = None
    margin: Annotated[int | None, Field(ge=0, lt=10_000)] = None
    reserve_interactive: Annotated[int | None, Field(ge=0, lt=10_000)] = None
    reserve_scheduled: Annotated[int | None, Field(ge=0, lt=10_000)] = None
    creates_per_s: Annotated[float | None, Field(ge=0, lt=10_000)] = None
    retrieves_per_s: Annotated[float | None, Field(ge=0, lt=10_000)] = None
    requests_per_s: Annotated[float | None, Field(ge=0, lt=10_000)] = None
