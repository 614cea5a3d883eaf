"""Holds the connections: a Stripe API key with everything that must be known to use it. Made by `config/load.py`.

A connection can be named, listed and queued for without its key, which `Connection.key()` resolves at use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import SecretStr

from forebay.config import stripe
from forebay.config.api_base import check_api_base
from forebay.config.errors import ConfigError
from forebay.config.request_limits import too_many
from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.config.schema_refresh import SchemaRefresh
from forebay.config.secrets import SecretSource
from forebay.config.standing import DEFAULT_STANDING, Standing
from forebay.config.stripe import Api, Mode, Scope, check_key, check_webhook_secret, is_organization_key
from forebay.config.stripe import check_account as check_account  # the client asks here, too

if TYPE_CHECKING:
    # The models of a spec, of which many a folder has none.
    from forebay.config.document.load_spec import WrittenSpec

#: No colon, which separates a lane's parts, and nothing that needs quoting in a Redis key, a path or a shell.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

#: The context of a connection with a key for each account: the account whose key it is.
EACH_ACCOUNT = "account"

#: A date and the name of a release or of a channel. Any is taken: whether Stripe takes it, Stripe says.
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z0-9_]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Requests that we allow ourselves a second. Reasons for the defaults: `Settings`."""

    creates_per_s: float = 10
    retrieves_per_s: float = 10
    requests_per_s: float = 20

    def by_name(self) -> dict[str, float]:
        """Gives them as `too_many` names them."""
        return {"creates": self.creates_per_s, "retrieves": self.retrieves_per_s, "requests": self.requests_per_s}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A way to Stripe: a key, and how much of its limits is ours."""

    name: str
    mode: Mode
    secret: SecretSource
    cap: int
    """QueryRuns alive at once."""
    margin: int = 0
    """Slots of the cap that are left to others."""
    reserve_interactive: int = 0
    """Slots that only interactive batches may take."""
    reserve_scheduled: int = 0
    """Slots that backfills leave free."""
    scope: Scope = Scope.ORGANIZATION
    api_base: str = stripe.API_BASE
    api: Api = Api.REPORTING
    """The generation of Stripe's API that its new batches are asked by."""
    api_versions: Mapping[Api, str] = field(default_factory=dict)
    """What `Stripe-Version` says of a generation, where that is not its default."""
    own_context: str | None = None
    """`Stripe-Context` of requests that name no account; `EACH_ACCOUNT` with a key for each account."""
    apart: bool = False
    """Whether Stripe is known to count what is alive by each generation apart."""
    tables_tell_data: bool = False
    """Whether the `refreshed_at` of Stripe's tables is known to be that of their data, and not of their description."""
    budgets: Budgets = field(default_factory=Budgets)
    download_hosts: tuple[str, ...] = stripe.DOWNLOAD_HOSTS
    refresh_schema: SchemaRefresh = SchemaRefresh.NEVER
    """When beat fetches tables and columns anew."""
    webhook_secrets: tuple[SecretSource, ...] = ()
    """With which Stripe signs what it sends for this connection; without one nothing that it sends is taken."""

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ConfigError("a connection's name may hold only letters, digits, '_', '.' and '-' (at most 64)")
        check_api_base(self.api_base)
        self._check_own_context()
        most = stripe.MAX_RUNNING[self.mode]
        if not 1 <= self.cap <= most:
            raise ConfigError(
                f"connection {self.name}: cap {self.cap} is not between 1 and {most}, "
                f"which is what Stripe allows in {self.mode} mode; FOREBAY_CAP and lane.cap can only lower it"
            )
        if self.reserve_interactive + self.reserve_scheduled >= self.cap:
            raise ConfigError(f"connection {self.name}: the reserves leave lower classes nothing of the cap {self.cap}")
        refusal = too_many(self.budgets.by_name(), mode=self.mode, api_base=self.api_base)
        if refusal:
            raise ConfigError(f"connection {self.name}: {refusal}")
        if not 0 <= self.margin < self.cap:
            raise ConfigError(f"connection {self.name}: margin {self.margin} leaves nothing of the cap {self.cap}")
        for api, version in self.api_versions.items():
            if _VERSION.fullmatch(version) is None:
                raise ConfigError(
                    f"connection {self.name}: api_version {version!r} is no version of Stripe's API; "
                    f"they are written as {stripe.API_VERSIONS[api]}"
                )

    def asked_by(self, api: Api | None) -> Connection:
        """Gives the same connection for batches of another generation of the API; itself for None, or for its own.

        Raises ConfigError where Stripe counts the generations apart: then each has a connection of its own.
        """
        if api is None or api is self.api:
            return self
        if self.apart:
            raise ConfigError(
                f"connection {self.name} is for api {self.api} alone, since its lane says apart: "
                f"name one of api {api}, or take apart away"
            )
        return replace(self, api=api)

    def version_of(self, api: Api) -> str:
        """Gives what `Stripe-Version` has to say where this generation is spoken."""
        return self.api_versions.get(api, stripe.API_VERSIONS[api])

    @property
    def key_per_account(self) -> bool:
        """Tells whether each account has a key of its own; then the key says which is meant, and no context does."""
        return self.secret.per_account

    def key(self, account: str | None = None) -> SecretStr:
        """Resolves the API key for `account`. SecretError if there is none, or one that this mode cannot use."""
        secret = self.secret.of(self._named(account)) if self.key_per_account else self.secret
        key = check_key(secret.resolve(), origin=str(secret), mode=self.mode)
        if self.own_context and not self.key_per_account and is_organization_key(key):
            raise ConfigError(
                f"connection {self.name}: 'context' is for the key of one account, and {secret} holds an "
                "organization's: name accounts in definitions, or by --account"
            )
        return key

    def signing_secrets(self) -> tuple[SecretStr, ...]:
        """Resolves the secrets of its webhook. SecretError if one of them is not there, or is no such secret."""
        return tuple(check_webhook_secret(each.resolve(), origin=str(each)) for each in self.webhook_secrets)

    def context(self, account: str | None) -> str | None:
        """Gives what `Stripe-Context` has to say in a request about `account`."""
        if self.key_per_account:
            return self._named(account) if self.own_context else None
        return self.own_context if account is None else check_account(account)

    def lane(self, account: str | None = None) -> str:
        """Names the scope that the cap applies to, for runs of `account`. Only `[A-Za-z0-9_.:-]`."""
        whole = f"{self.name}:{self.mode}"
        if account is None and not self.key_per_account:
            return whole
        # An account's own characters hold no dot, so two accounts never meet in one lane.
        suffix = self._named(account).replace("/", ".")
        return f"{whole}:{suffix}" if self.scope is Scope.ACCOUNT or self.key_per_account else whole

    def _check_own_context(self) -> None:
        if self.own_context is None or (self.own_context == EACH_ACCOUNT and self.key_per_account):
            return
        if self.key_per_account:
            raise ConfigError(
                f"connection {self.name}: with a key for each account its context is '{EACH_ACCOUNT}': the one whose "
                "key it is"
            )
        try:
            check_account(self.own_context)
        except ConfigError as exc:
            raise ConfigError(
                f"connection {self.name}: its context, {self.own_context!r}, is no account: {exc}"
            ) from exc

    def _named(self, account: str | None) -> str:
        if account is None:
            raise ConfigError(
                f"connection {self.name} has a key for each account ({self.secret}), and no account is named: "
                "say --account acct_…, give the queries accounts, or name a group in 'accounts' of the definition"
            )
        return check_account(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the settings and the spec come to."""

    connections: Mapping[str, Connection] = field(default_factory=lambda: MappingProxyType({}))
    """By name; empty where there is no spec and no key."""
    default_connection: str | None = None
    output: str | None = None
    standing: Standing = DEFAULT_STANDING
    """How batches are served of which nobody says more."""
    result_format: ResultFormat = ResultFormat.AUTO
    nulls: Nulls = Nulls.EMPTY
    written: WrittenSpec | None = None
    """The spec that all this came from, with the lines of its parts; None where there is no spec file."""

    def of_lane(self, lane: str) -> tuple[Connection, str | None]:
        """Finds the connection that a lane is of, and its account if it is of one; ConfigError if there is none."""
        name, _, rest = lane.partition(":")
        account = rest.partition(":")[2].replace(".", "/")
        return self.connection(name), account or None

    def connection(self, name: str | None = None) -> Connection:
        """Finds the connection `name`, or the default one; ConfigError with the way out if there is none."""
        wanted = name or self.default_connection
        if wanted is not None and wanted in self.connections:
            return self.connections[wanted]
        if not self.connections:
            raise ConfigError(
                "there is no Stripe key: set STRIPE_API_KEY (best a restricted one, rk_…, with the Sigma permissions), "
                "or describe connections in a spec file"
            )
        known = ", ".join(sorted(self.connections))
        if wanted is None:
            raise ConfigError(f"name a connection, or set defaults.connection in the spec: {known}")
        raise ConfigError(f"there is no connection {wanted!r}; the spec has {known}")
