"""Tells which Redis is for what: lanes and messages may live on two servers."""

from forebay.config.errors import ConfigError
from forebay.config.settings import Settings


def state_url(settings: Settings) -> str:
    """Tells where lanes live. Raises `ConfigError` when no Redis is configured."""
    if settings.redis_url is None:
        raise ConfigError(
            "no Redis is configured: set FOREBAY_REDIS_URL (`forebay run` and `forebay backfill` start their own)"
        )
    return settings.redis_url.get_secret_value()


def broker_url(settings: Settings) -> str:
    """Tells where messages go: a URL of its own, since kombu cannot use a Redis Cluster and lanes can."""
    return settings.broker_url.get_secret_value() if settings.broker_url else state_url(settings)
