"""Tells which Redis is for what: lanes and messages may live on two servers."""

from forebay.config.errors import ConfigError
from forebay.config.redis_server import RedisForm, RedisServer, TlsFiles, read_redis_url, with_files
from forebay.config.settings import Settings


def state_server(settings: Settings) -> RedisServer:
    """Tells where lanes live. Raises `ConfigError` when no Redis is configured."""
    if settings.redis_url is None:
        raise ConfigError(
            "no Redis is configured: set FOREBAY_REDIS_URL (`forebay run` and `forebay backfill` start their own)"
        )
    return with_files(read_redis_url(settings.redis_url.get_secret_value()), _files(settings))


def broker_server(settings: Settings) -> RedisServer:
    """Tells where messages go: a URL of its own, since kombu cannot use a Redis Cluster and lanes can."""
    if settings.broker_url is None:
        server = state_server(settings)
    else:
        server = with_files(read_redis_url(settings.broker_url.get_secret_value()), _files(settings))
    if server.form is RedisForm.CLUSTER:
        raise ConfigError(
            "messages cannot go through a Redis Cluster: set FOREBAY_BROKER_URL to a Redis that is none; it may be a "
            "small one that keeps nothing, since messages are only hints"
        )
    return server


def _files(settings: Settings) -> TlsFiles:
    return TlsFiles(ca=settings.redis_ca, certificate=settings.redis_cert, key=settings.redis_key)
