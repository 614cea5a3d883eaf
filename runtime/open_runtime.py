"""Opens what a process works with, as its settings say. Called by composition roots (docs/architecture.md §4)."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.governor.redis_client import Client, connect
from forebay.landing.formats.format import Limits
from forebay.runtime.one_ledger import OneLedger
from forebay.runtime.runtime import Runtime
from forebay.store.errors import BadUrl
from forebay.store.ledger.ledger import Ledger
from forebay.store.object_options import ObjectOptions
from forebay.store.open import Stores
from forebay.store.s3_options import S3Options


def open_runtime(
    settings: Settings,
    *,
    config: Config | None = None,
    connected: Callable[[], Client] | None = None,
    proxies: Callable[[], Mapping[str, str]] = dict,
) -> Runtime:
    """Opens all of it. Contacts nobody but whom `connected` does, which stands in for the Redis of the settings.

    `config` is what the settings come to, if that was read before; `proxies` finds those that the environment names.
    Raises `ConfigError`, and `BadUrl` of the ledger's store before anything is connected.
    """
    config = config or load_config(settings)
    stores = open_stores(settings)
    with ExitStack() as undo:
        ledger_store = stores.open(settings.ledger)
        undo.callback(ledger_store.close)
        client = connected() if connected else connect(state_server(settings))
        undo.pop_all()
    return Runtime(
        config=config,
        redis=client,
        ledger=Ledger(ledger_store),
        open_store=stores.open,
        limits=Limits(large_csv_bytes=settings.large_csv_bytes),
        express_bytes=settings.express_bytes,
        proxies=proxies,
        _stores={settings.ledger: ledger_store},
    )


def one_ledger(settings: Settings, runtime: Runtime) -> OneLedger:
    """Says which ledger this process works on, to whoever asks whether Redis works for it."""
    return OneLedger(runtime.redis, runtime.store(settings.ledger), open_stores(settings).open)


def open_stores(settings: Settings) -> Stores:
    """Knows how to reach each kind of store. Contacts nobody. Raises ConfigError."""
    try:
        objects = ObjectOptions.made(
            encryption=settings.s3_encryption,
            kms_key=settings.s3_kms_key,
            storage_class=settings.s3_storage_class,
            tags=settings.s3_tags,
        )
    except BadUrl as error:
        raise ConfigError(f"of FOREBAY_S3_ENCRYPTION, _KMS_KEY, _STORAGE_CLASS and _TAGS: {error}") from error
    s3 = S3Options(endpoint=settings.s3_endpoint, region=settings.s3_region, objects=objects)
    return Stores(s3=s3, ledger=settings.ledger)
