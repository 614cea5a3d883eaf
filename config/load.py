"""Makes connections of the settings: what the composition roots call, right after `Settings()`.

Reads the spec file if there is one, and no secret that a spec refers to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from pydantic import SecretStr

from forebay.config.api_base import host_of
from forebay.config.connections import Budgets, Config, Connection
from forebay.config.document.connection_spec import ConnectionSpec
from forebay.config.errors import ConfigError
from forebay.config.secrets import HeldSecret, SecretRef, SecretSource
from forebay.config.settings import Settings
from forebay.config.stripe import MAX_RUNNING, check_key, check_webhook_secret, mode_of


def load_config(settings: Settings) -> Config:
    """Makes the connections of the spec file if there is one, else one named `default` from STRIPE_API_KEY.

    Raises ConfigError (SpecError with lines for the spec). Reads no secret of the spec.
    """
    if os.path.exists(settings.spec):  # noqa: PTH110 - pathlib raises for what no file can be called
        return _from_spec(settings)
    if "spec" in settings.model_fields_set:
        raise ConfigError(f"FOREBAY_SPEC names {settings.spec}, which does not exist")
    return _from_environment(settings)


def _from_environment(settings: Settings) -> Config:
    key, mode = settings.stripe_api_key, settings.mode
    secret: SecretSource = SecretRef.parse("secret://env/STRIPE_API_KEY")
    webhook_secrets = _held(settings.webhook_secrets)
    if key is not None:
        secret = HeldSecret(origin="STRIPE_API_KEY", value=check_key(key, origin="STRIPE_API_KEY", mode=mode))
        mode = mode or mode_of(key)
        if mode is None:
            raise ConfigError(
                "the prefix of STRIPE_API_KEY doesn't tell its mode (an organization key's never does): "
                "set FOREBAY_MODE to live or test"
            )
    if mode is None:
        return Config(output=settings.output, result_format=settings.format, nulls=settings.nulls)
    cap = MAX_RUNNING[mode] if settings.cap is None else settings.cap
    only = _connection("default", settings, ConnectionSpec(mode=mode, key="secret://env/STRIPE_API_KEY"), secret, cap)
    only = replace(only, webhook_secrets=webhook_secrets, own_context=settings.context)
    return Config(
        connections=MappingProxyType({only.name: only}),
        default_connection=only.name,
        output=settings.output,
        result_format=settings.format,
        nulls=settings.nulls,
    )


def _from_spec(settings: Settings) -> Config:
    from forebay.config.document.load_spec import load_spec  # a whole language, which only a spec is written in

    written = load_spec(settings.spec)
    spec, document = written.spec, written.document
    connections = {}
    for name, section in spec.connections.items():
        most = MAX_RUNNING[section.mode]
        # FOREBAY_CAP speaks to all connections at once, so here it is a ceiling; the spec's own cap is meant exactly.
        cap = section.lane.cap or min(settings.cap or most, most)
        secret = SecretRef.parse(section.key, folder=settings.spec.parent)
        try:
            connections[name] = _connection(name, settings, section, secret, cap)
        except ConfigError as exc:
            raise document.error(("connections", name), str(exc)) from exc
    only = next(iter(connections)) if len(connections) == 1 else None
    return Config(
        connections=MappingProxyType(connections),
        default_connection=spec.defaults.connection or only,
        output=spec.defaults.output or settings.output,
        result_format=spec.defaults.result_format or settings.format,
        nulls=spec.defaults.nulls or settings.nulls,
        standing=spec.defaults.standing,
        written=written,
    )


def _held(secrets: Iterable[SecretStr]) -> tuple[SecretSource, ...]:
    origin = "FOREBAY_WEBHOOK_SECRETS"
    return tuple(HeldSecret(origin=origin, value=check_webhook_secret(each, origin=origin)) for each in secrets)


def _connection(name: str, settings: Settings, section: ConnectionSpec, secret: SecretSource, cap: int) -> Connection:
    """Follows the spec's section of a connection; the settings where it is silent."""
    api_base = (section.api_base or settings.api_base).rstrip("/")
    hosts = settings.download_hosts if section.download_hosts is None else tuple(section.download_hosts)
    api = section.api or settings.api
    # Each speaks of its own generation, and a definition of the connection may ask by the other.
    versions = {settings.api: settings.api_version} | ({api: section.api_version} if section.api_version else {})
    return Connection(
        name=name,
        mode=section.mode,
        secret=secret,
        cap=cap,
        margin=settings.margin if section.lane.margin is None else section.lane.margin,
        reserve_interactive=section.lane.reserve.interactive,
        reserve_scheduled=section.lane.reserve.scheduled,
        scope=section.lane.scope,
        api_base=api_base,
        api=api,
        api_versions=MappingProxyType({each: version for each, version in versions.items() if version}),
        apart=section.lane.apart,
        own_context=section.context,
        tables_tell_data=settings.tables_tell_data if section.tables_tell_data is None else section.tables_tell_data,
        budgets=Budgets(
            creates_per_s=section.requests.creates_per_s or settings.creates_per_s,
            retrieves_per_s=section.requests.retrieves_per_s or settings.retrieves_per_s,
            requests_per_s=section.requests.per_s or settings.requests_per_s,
        ),
        # A server that stands in for Stripe hands out results from its own host.
        download_hosts=(*hosts, host_of(api_base)),
        refresh_schema=section.refresh_schema,
        webhook_secrets=tuple(SecretRef.parse(each, folder=settings.spec.parent) for each in section.webhook_secrets),
    )
