"""How Celery is set up: what would be silently unsafe or slow otherwise."""

import os
import ssl

import pytest
from celery import Celery

from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.worker import broker


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **{"redis_url": "redis://127.0.0.1:1/0", **given})


def app(chosen: Settings) -> Celery:
    made = Celery("test", broker=broker.url(chosen), set_as_current=False)
    made.conf.update(broker.celery_settings(chosen))
    return made


def test_the_broker_is_the_server_of_the_lanes_unless_it_has_a_url_of_its_own() -> None:
    assert broker.url(settings()) == "redis://127.0.0.1:1/0"
    assert broker.url(settings(broker_url="redis://127.0.0.1:2/0")) == "redis://127.0.0.1:2/0"


def test_another_apps_broker_in_the_environment_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:3/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:3/0")

    broker.forget_other_apps(os.environ)
    made = app(settings())

    assert made.connection_for_read().port == 1
    assert made.connection_for_write().port == 1
    assert made.conf.result_backend is None


def test_certificates_are_verified() -> None:
    chosen = broker.celery_settings(settings(redis_url="rediss://example.test:6379/0"))

    assert chosen["broker_use_ssl"] == {"ssl_cert_reqs": ssl.CERT_REQUIRED}


def test_a_silently_dead_connection_is_found_out() -> None:
    options = broker.celery_settings(settings())["broker_transport_options"]

    for name in ("socket_timeout", "socket_connect_timeout", "health_check_interval"):
        assert 0 < options[name] <= 10
    assert options["socket_keepalive"]


def test_nothing_is_kept_of_results_and_nothing_but_json_is_read() -> None:
    conf = app(settings()).conf

    assert conf.result_backend is None
    assert conf.task_ignore_result
    assert conf.accept_content == ["json"]
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_pool == "threads"


def test_without_a_redis_the_way_out_is_named() -> None:
    with pytest.raises(ConfigError, match="FOREBAY_REDIS_URL"):
        broker.url(Settings(_env_file=None, redis_url=None))
