"""How Celery is set up: what would be silently unsafe or slow otherwise."""

import os
import ssl

import pytest

from forebay.config.settings import Settings
from forebay.governor.states import Step
from forebay.runtime.open_runtime import open_runtime
from forebay.worker.celery_app import WorkerApp, forget_other_apps
from forebay.worker.task_names import task_name


def app(**given: str) -> WorkerApp:
    settings = Settings(_env_file=None, **{"redis_url": "redis://127.0.0.1:1/0", **given})
    return WorkerApp(settings, lambda: open_runtime(settings), set_as_current=False)


def test_another_apps_broker_in_the_environment_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:3/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:3/0")

    forget_other_apps(os.environ)
    made = app()

    assert made.connection_for_read().port == 1
    assert made.connection_for_write().port == 1
    assert made.conf.result_backend is None


def test_messages_go_to_a_broker_of_their_own_if_there_is_one() -> None:
    assert app(broker_url="redis://127.0.0.1:2/0").connection_for_write().port == 2


def test_certificates_are_verified() -> None:
    conf = app(redis_url="rediss://example.test:6379/0").conf

    assert conf.broker_use_ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}


def test_a_silently_dead_connection_is_found_out() -> None:
    options = app().conf.broker_transport_options

    for name in ("socket_timeout", "socket_connect_timeout", "health_check_interval"):
        assert 0 < options[name] <= 10
    assert options["socket_keepalive"]


def test_nothing_is_kept_of_results_and_nothing_but_json_is_read() -> None:
    conf = app().conf

    assert conf.result_backend is None
    assert conf.task_ignore_result
    assert conf.accept_content == ["json"]
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_pool == "threads"


def test_each_step_has_a_queue_of_its_own_and_an_exchange_that_no_other_queue_hears() -> None:
    made = app()

    routed = [made.amqp.router.route({}, task_name(step))["queue"] for step in Step]
    assert [(queue.name, queue.exchange.name) for queue in routed] == [(step.value, step.value) for step in Step]
