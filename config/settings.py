"""Reads the operator's settings: once, in a composition root (`Settings()`); they are passed on as plain arguments.

Precedence, strongest first: arguments of `Settings(...)`, the environment, `.env` in the working directory, what
systemd handed over (`config/credentials.py`), the defaults below. A variable that the environment sets to nothing has
its default, whatever those say. Where a spec file exists its connections replace the one made from STRIPE_API_KEY, and
what a connection says there wins over the setting of the same name here, which stands in only where the spec is silent
(`config/connections.py`).

Every variable starts with FOREBAY_, but for STRIPE_API_KEY, which keeps the name that people already have.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from forebay.config import stripe
from forebay.config.credentials import credentials_folder
from forebay.config.dot_env import read_dot_env
from forebay.config.errors import ConfigError
from forebay.config.log_choices import LogFormat, LogLevel
from forebay.config.redis_server import read_redis_url
from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat

_MIB = 1024 * 1024

#: How like a setting's name, of 1, a name must be to be taken for a slip of the pen.
_NEAR = 0.9


def _split(value: object) -> Any:
    """Splits a list at its commas, as the environment has it; JSON there is a quoting trap in every shell."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _pairs(value: object) -> object:
    """Reads NAME=VALUE, with commas, as the environment has it."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in _split(value)]
    names = [name.strip() for name, equals, _ in pairs if equals]
    if len({*names}) < len(pairs):
        raise ValueError("is NAME=VALUE, with commas between them and each name once")
    return {name.strip(): text.strip() for name, _, text in pairs}


def _redis_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        read_redis_url(value.get_secret_value())
    return value


RedisUrl = Annotated[SecretStr | None, AfterValidator(_redis_url)]
PerSecond = Annotated[float, Field(gt=0, allow_inf_nan=False)]
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Pairs = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_pairs)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """What the environment and `.env` say. Raises ConfigError, one sentence a bad value, when they hold one."""

    model_config = SettingsConfigDict(
        env_prefix="FOREBAY_",
        env_file=".env",
        # Compose hands over `${NAME:-}` as an empty string: that means "not set".
        env_ignore_empty=True,
        extra="ignore",  # `.env` belongs to the whole deployment, not to us alone
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    redis_url: RedisUrl = None
    """None: an embedded server under `data_dir`, for one machine. A SecretStr because a URL may hold a password."""
    broker_url: RedisUrl = None
    """None: the server of `redis_url`. Kombu has no Cluster transport, so with a Cluster the broker lives elsewhere."""
    redis_ca: Path | None = None
    """The CA, as PEM, that has signed the certificates of servers with TLS; None: those that the system trusts."""
    redis_cert: Path | None = None
    """Our certificate, with its key, where the server asks for one."""
    redis_key: Path | None = None

    ledger: str = ".forebay/ledger"
    """A folder or an s3:// URL: the durable record from which all else can be rebuilt."""
    data_dir: Path = Path(".forebay")
    spec: Path = Path("forebay.yaml")
    output: str | None = None

    format: ResultFormat = ResultFormat.AUTO
    """How results are stored where neither the spec nor the command says."""
    nulls: Nulls = Nulls.EMPTY
    """Which empty fields are NULL in a format with types, where the spec does not say."""

    stripe_api_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_API_KEY")
    webhook_secrets: Secrets = ()
    """Those of Stripe's endpoint that are live; two while one is rolled. None: there is no webhook."""
    web_access: Path | None = None
    """The file that says who may look at the page and who may act; None: nobody but people on this machine."""
    mode: stripe.Mode | None = None
    """Needed only where the key doesn't tell: organization keys."""
    api_base: str = stripe.API_BASE
    api: stripe.Api = stripe.Api.REPORTING
    """By which generation of Stripe's API new batches are asked."""
    api_version: str | None = None
    """The `Stripe-Version` of that generation; None: its default."""
    context: str | None = None
    """Stripe-Context, for a key of one account that Stripe refuses without; goes with STRIPE_API_KEY."""
    tables_tell_data: bool = False
    """Whether the `refreshed_at` of Stripe's tables is known to be that of their data: its documents leave it open."""

    cap: int | None = Field(default=None, ge=1)
    """None: what Stripe allows in the mode. May only be lower than that."""
    margin: int = Field(default=0, ge=0)
    """Slots of the cap left to others who use the same account: the Dashboard, other tools."""

    # Of MAX_OPERATION_REQUESTS_PER_S and MAX_REQUESTS_PER_S, which the account's payments share: less than half of an
    # operation, and less than a whole sandbox, is ours.
    creates_per_s: PerSecond = 10
    retrieves_per_s: PerSecond = 10
    requests_per_s: PerSecond = 20

    large_csv_bytes: int = Field(default=64 * _MIB, ge=1)
    """A result with more CSV than this lands as the zip that Stripe made, a smaller one as plain CSV."""
    express_bytes: int = Field(default=_MIB, ge=0)
    """A result up to this size is landed by the step that saw its end: that saves a retrieve, and they run short."""
    download_hosts: CommaSeparated = stripe.DOWNLOAD_HOSTS
    """Hosts that result URLs may name; the host of `api_base` is added. A leading dot stands for all below."""
    max_sql_bytes: int = Field(default=1_000_000, ge=1)
    """Stripe states no limit; this one catches a data file handed in as a query."""
    check_sql: bool = True
    """Whether what Trino is certain to refuse is refused before it is sent; `validate` says it all the same."""

    health_dir: Path | None = None
    """Where a worker or beat keeps two files by whose age probes tell whether it lives and works; None: nowhere."""

    log_format: LogFormat = LogFormat.TEXT
    log_level: LogLevel | None = None
    """None: as Celery was asked to (`--loglevel`), else INFO."""

    metrics_token: SecretStr | None = None
    """Who asks for metrics shows it; None: `forebay web` has no /metrics, and `forebay metrics` serves this machine."""

    s3_endpoint: str | None = None
    """None: Amazon's own."""
    s3_region: str | None = None
    s3_encryption: str | None = None
    """With whose key objects are encrypted: AES256, aws:kms or aws:kms:dsse; None: as the bucket does by itself."""
    s3_kms_key: str | None = None
    """Which key of KMS: id, ARN or alias. Alone it means aws:kms."""
    s3_storage_class: str | None = None
    """Of results, not of the ledger; None: STANDARD."""
    s3_tags: Pairs = {}
    """Tags of each object, as NAME=VALUE with commas."""

    @model_validator(mode="after")
    def _ledger_is_a_place_alone(self) -> Self:
        if self.ledger.startswith("s3://") and "?" in self.ledger:
            raise ValueError("FOREBAY_LEDGER takes no options: FOREBAY_S3_ENCRYPTION and its like hold for it, too")
        return self

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if (self.redis_cert is None) != (self.redis_key is None):
            raise ValueError("FOREBAY_REDIS_CERT and FOREBAY_REDIS_KEY need each other")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Lets the environment go before files also where it sets a variable to nothing."""
        reads_dotenv = isinstance(dotenv_settings, DotEnvSettingsSource) and dotenv_settings.env_file
        below = [_Below(settings_cls, dotenv_settings, read_dot_env() if reads_dotenv else ())]
        if folder := credentials_folder():
            credentials = SecretsSettingsSource(settings_cls, folder)
            below.append(_Below(settings_cls, credentials, [file.name for file in folder.iterdir()]))
        return init_settings, env_settings, *below

    def __init__(self, **given: Any) -> None:
        if given.get("_env_file", self.model_config["env_file"]):
            read_dot_env()  # first, since it refuses in one sentence what pydantic's reader warns of and passes over
        try:
            super().__init__(**given)
        except ValidationError as exc:
            # Not `from exc`: its errors() still carry the inputs, and one of them may be a secret.
            raise ConfigError("\n".join(map(_sentence, exc.errors(include_input=False)))) from None
        except (SettingsError, UnicodeDecodeError, OSError) as exc:
            # Again not `from exc`: a UnicodeDecodeError carries the whole file.
            raise ConfigError(f"the environment or .env cannot be read ({type(exc).__name__})") from None


class _Below(PydanticBaseSettingsSource):
    """Gives what a file or folder says of variables that the environment does not have, not even empty."""

    def __init__(
        self, settings: type[BaseSettings], source: PydanticBaseSettingsSource, written: Iterable[str]
    ) -> None:
        """Takes the source, and the names of all that is written there."""
        super().__init__(settings)
        self._source, self._written = source, written

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Asks the source itself; only its whole is asked for."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        environment = EnvSettingsSource(self.settings_cls, env_ignore_empty=False)
        _refuse_slips([*environment.env_vars, *self._written])
        emptied = {name for name, value in environment().items() if value == ""}
        return {name: value for name, value in self._source().items() if name not in emptied}


def _refuse_slips(names: Iterable[str]) -> None:
    """Refuses a variable that is a setting of ours but for a slip of the pen: passed over, it would do nothing.

    Others that begin like ours pass: Kubernetes makes some of a service's name, and `.env` may be shared.
    """
    known = [variable(field) for field in Settings.model_fields]
    for name in map(str.upper, names):
        near = difflib.get_close_matches(name, known, n=1, cutoff=_NEAR) if name.startswith("FOREBAY_") else ()
        if near and name not in known:
            raise ConfigError(f"{name} is no setting, did you mean {near[0]}?")


def _sentence(error: Any) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{variable(field)} {message}" if field else message


def variable(field: str) -> str:
    """Names the environment variable of a setting."""
    return field.upper() if field.lower() == "stripe_api_key" else f"FOREBAY_{field.upper()}"
