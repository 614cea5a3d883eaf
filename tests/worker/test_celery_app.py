"""How Celery is set up: what would be silently unsafe or slow otherwise."""

import os
import ssl

import pytest
from celery.concurrency.solo import TaskPool as InlinePool

from forebay.config.settings import Settings
from forebay.governor.redis_forms import pool
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

    assert made.connection_for_read().as_uri() == "redis://127.0.0.1:1/0"
    assert made.connection_for_write().as_uri() == "redis://127.0.0.1:1/0"
    assert made.conf.result_backend is None


def test_messages_go_to_a_broker_of_their_own_if_there_is_one() -> None:
    assert app(broker_url="redis://127.0.0.1:2/0").connection_for_write().as_uri() == "redis://127.0.0.1:2/0"


def test_certificates_are_verified() -> None:
    with app(redis_url="rediss://example.test:6379/0").connection_for_read() as connection:
        wanted = pool(connection.transport_options["server"]).connection_kwargs

    assert (wanted["ssl_cert_reqs"], wanted["ssl_check_hostname"]) == (ssl.CERT_REQUIRED, True)


def test_a_silently_dead_connection_is_found_out() -> None:
    options = app().conf.broker_transport_options
    wanted = pool(options["server"]).connection_kwargs

    for name in ("socket_timeout", "socket_connect_timeout"):
        assert 0 < wanted[name] <= 10
    assert wanted["socket_keepalive"]
    assert 0 < options["health_check_interval"] <= 10


def test_no_password_reaches_what_kombu_shows() -> None:
    made = app(redis_url="redis+sentinel://:hunter2@a:1,b:2/mymaster/0")

    with made.connection_for_read() as connection:
        assert connection.as_uri() == "redis+sentinel://a:1,b:2/mymaster/0"
    assert "hunter2" not in repr(made.conf.humanize(with_defaults=False))


def test_nothing_is_kept_of_results_and_nothing_but_json_is_read() -> None:
    conf = app().conf

    assert conf.result_backend is None
    assert conf.task_ignore_result
    assert conf.accept_content == ["json"]


@pytest.mark.filterwarnings("ignore:You're running the worker with superuser privileges")
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_whichever_pool_is_asked_for_tasks_run_in_the_thread_that_reads_them(pool: str) -> None:
    assert app().Worker(pool=pool, concurrency=3).pool_cls is InlinePool


def test_each_step_has_a_queue_of_its_own_and_an_exchange_that_no_other_queue_hears() -> None:
    made = app()

    routed = [made.amqp.router.route({}, task_name(step))["queue"] for step in Step]
    assert [(queue.name, queue.exchange.name) for queue in routed] == [(step.value, step.value) for step in Step]
