"""Defines the section `connections` of the spec: keys, and how much of their cap and request limits is ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from forebay.config.document.strict import Strict
from forebay.config.document.values import KeyText, SecretText
from forebay.config.schema_refresh import SchemaRefresh
from forebay.config.settings import PerSecond
from forebay.config.stripe import Api, Mode, Scope


class ReserveSpec(Strict):
    """Slots that lower classes leave free."""

    interactive: Annotated[int, Field(ge=0)] = 0
    """Slots that only interactive batches may take."""
    scheduled: Annotated[int, Field(ge=0)] = 0
    """Slots that backfills leave free."""


class LaneSpec(Strict):
    """The cap: what it applies to, and how much of it is ours."""

    scope: Annotated[Scope, Field(strict=False)] = Scope.ORGANIZATION
    """What Stripe's cap applies to: `organization` or `key` make one lane of the connection, `account` one for each
    account that queries name."""
    cap: Annotated[int, Field(ge=1)] | None = None
    """Runs alive at once. Default: what Stripe allows in the mode."""
    margin: Annotated[int, Field(ge=0)] | None = None
    """Slots of the cap that are left to others."""
    reserve: ReserveSpec = ReserveSpec()
    apart: bool = False
    """Whether Stripe is known to count what is alive by each generation of its API apart. Then two connections may have
    one key, if both say so and their `api` differs; else all that a key runs counts in one lane."""


class RequestsSpec(Strict):
    """Requests a second that we allow ourselves. Default: the settings of the same name."""

    creates_per_s: PerSecond | None = None
    """Stripe allows 25 to an operation, shared with the account's payments."""
    retrieves_per_s: PerSecond | None = None
    """Stripe allows 25 to an operation, shared with the account's payments."""
    per_s: PerSecond | None = None
    """Requests in all."""


class ConnectionSpec(Strict):
    """A way to Stripe: a key, and how much of its limits is ours."""

    mode: Annotated[Mode, Field(strict=False)]
    """live or test, as the key is."""
    key: KeyText
    """Where the key is: secret://env/NAME or secret://file/PATH. With {account} in it: one key for each account."""
    api_base: str | None = None
    """Any server that speaks Stripe's API; plain http to loopback only. Default: Stripe."""
    api: Annotated[Api, Field(strict=False)] | None = None
    """By which generation of Stripe's API new batches are asked: reporting, or data, its successor. Default: the
    setting's. Batches under way keep theirs."""
    api_version: str | None = None
    """The Stripe-Version header where its api is spoken. Default: the setting's, if that is of this api, or else
    2026-04-22.preview for reporting, 2026-10-28.preview for data."""
    context: str | None = None
    """Stripe-Context of requests that name no account, for a key that Stripe refuses without: its own account, acct_…;
    with a key for each account `account`, which sends the one whose key it is."""
    tables_tell_data: bool | None = None
    """Whether refreshed_at in Stripe's list of tables is known to be that of their data, and not of their description:
    then it answers when: data_ready and cache.until_data_moves. Default: the setting's."""
    lane: LaneSpec = LaneSpec()
    requests: RequestsSpec = RequestsSpec()
    refresh_schema: Annotated[SchemaRefresh, Field(strict=False)] = SchemaRefresh.NEVER
    """When beat fetches tables and columns anew, for `forebay validate`: daily, or never."""
    webhook_secrets: list[SecretText] = []
    """Where the signing secrets of Stripe's endpoint for this connection are; two while one is rolled."""
    download_hosts: list[str] | None = None
    """Hosts that result URLs may name; a leading dot takes subdomains in. Default: Stripe's."""
