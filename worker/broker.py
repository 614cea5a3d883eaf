"""Sets up Celery on Redis: the broker's settings, each with what happened without it.

Measured in docs/architecture.md, "Celery on Redis".
"""

import ssl
from collections.abc import MutableMapping
from typing import Any

from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.governor.keys import BROKER_PREFIX

#: A worker that hangs on a silently dead connection finds out after this long; without it, never.
SOCKET_TIMEOUT_S = 5


#: Celery lets these win over an app's own settings. Some other app's broker in the environment would part workers from
#: their messages; and a result backend would be given what nobody reads.
FOREIGN = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND")


def forget_other_apps(environment: MutableMapping[str, str]) -> None:
    """Takes out of this process's environment what Celery would prefer to our settings."""
    for name in FOREIGN:
        environment.pop(name, None)


def state_url(settings: Settings) -> str:
    """Says where lanes live. Raises `ConfigError` when no Redis is configured."""
    if settings.redis_url is None:
        raise ConfigError(
            "no Redis is configured: set FOREBAY_REDIS_URL (`forebay run` and `forebay backfill` start their own)"
        )
    return settings.redis_url.get_secret_value()


def url(settings: Settings) -> str:
    """Says where messages go: a URL of its own, since kombu cannot use a Redis Cluster and lanes can."""
    return settings.broker_url.get_secret_value() if settings.broker_url else state_url(settings)


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Gives the app's configuration."""
    chosen: dict[str, Any] = {
        "broker_transport_options": {
            # Ours beside the lanes on one server: a prefix of its own keeps them apart.
            "global_keyprefix": BROKER_PREFIX,
            "socket_timeout": SOCKET_TIMEOUT_S,
            "socket_connect_timeout": SOCKET_TIMEOUT_S,
            "socket_keepalive": True,
            "health_check_interval": 5,
            "client_name": "forebay-worker",
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A primary that was demoted answers READONLY: reconnect, do not die.
        "broker_channel_error_retry": True,
        # Nothing is read from results, and each would cost six commands and a key.
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        # Late acks and no hoarding: a long download must not keep messages that others could serve.
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_disable_rate_limits": True,
        "worker_send_task_events": False,
        # Steps wait for networks; and a thread (the pump) does not survive prefork's fork.
        "worker_pool": "threads",
        "worker_concurrency": 16,
        "enable_utc": True,
    }
    if url(settings).startswith("rediss://"):
        # kombu's default is to verify nothing.
        chosen["broker_use_ssl"] = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    return chosen
