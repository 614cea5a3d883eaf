"""What stands in the way of a recording ends it, is told, and is never taken for an answer."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import fakeredis
import pytest

from forebay.config.stripe import Api
from forebay.sandbox.http.server import running
from tests.cli.recording.test_gathering import (
    ORGANIZATION,
    SETTINGS,
    answers,
    assert_found,
    control,
    lane,
    recorded,
    stripe_url,
)
from tests.governor.driver import Lane

__all__ = ["control", "lane", "stripe_url"]

Control = Callable[..., None]


@pytest.fixture
def httpx_logs(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[str], None]]:
    """Turns the logs of httpx and httpcore on once called, and begins without the filters that other tests left."""
    loggers = [logging.getLogger(name) for name in ("httpx", "httpcore.http11", "httpcore")]
    before = [(logger, logger.level, list(logger.filters)) for logger in loggers]
    for logger in loggers:
        logger.filters.clear()

    def turn_on(_: str) -> None:
        for logger in loggers:
            logger.setLevel(logging.DEBUG)

    yield turn_on
    for logger, level, filters in before:
        logger.setLevel(level)
        logger.filters[:] = filters


def test_no_log_has_the_signature_of_a_result(
    stripe_url: str,
    control: Control,
    lane: Lane,
    httpx_logs: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorded(stripe_url, lane, tell=httpx_logs)

    assert "httpcore" in caplog.text, "what is below us logs now"
    assert "signature" not in caplog.text
    assert "/files/" not in caplog.text


@pytest.mark.parametrize(
    ("fault", "stopped"),
    [
        ({"name": "rate_limited", "operation": "retrieve"}, "Stripe holds looks back now (HTTP 429"),
        ({"name": "rate_limited", "operation": "list_schemas"}, "Stripe holds looks back now (HTTP 429"),
        ({"name": "server_error", "operation": "retrieve"}, "Stripe falters (HTTP 500"),
        ({"name": "server_error", "operation": "list_events", "status": 503}, "Stripe falters (HTTP 503"),
    ],
)
def test_a_look_that_is_held_back_or_falters_is_no_answer(
    fault: dict[str, object], stopped: str, stripe_url: str, control: Control, lane: Lane
) -> None:
    control(faults=[fault])

    seen = recorded(stripe_url, lane)

    assert stopped in seen.stopped
    assert_found(seen, {"events": ("open", stopped)})
    if "429" in stopped:
        assert_found(seen, {"limit_headers": ("right", "a 429 came by itself (HTTP 429")})
    if fault["operation"] == "retrieve":
        assert_found(seen, {"other_api": ("open", stopped)})


def test_results_that_are_not_fetched_answer_nothing(stripe_url: str, control: Control, lane: Lane) -> None:
    control(faults=[{"name": "download_error", "status": 503}])

    seen = recorded(stripe_url, lane, key=ORGANIZATION)

    assert seen.stopped == ""
    why = "the file was not read: its host answered HTTP 503"
    assert_found(
        seen,
        dict.fromkeys(
            (
                "range",
                "if_range",
                "content_encoding",
                "zip_layout",
                "zip_content_type",
                "zip_size",
                "csv_times",
                "csv_values",
                "account_column",
            ),
            ("open", why),
        ),
    )
    assert {answers(seen)[key][0] for key in ("row_count", "run_refreshed_at")} == {"open"}


def test_a_result_that_breaks_off_is_told_by_the_errors_name(stripe_url: str, control: Control, lane: Lane) -> None:
    control(faults=[{"name": "truncated"}])

    seen = recorded(stripe_url, lane)

    assert_found(seen, {"range": ("open", "the file was not read: RemoteProtocolError")})


def test_a_create_that_was_not_sent_keeps_no_slot(lane: Lane) -> None:
    with ExitStack() as stripe:
        url = stripe.enter_context(running(SETTINGS))

        def go_away(told: str) -> None:
            if told.startswith("a run of"):
                stripe.close()

        seen = recorded(url, lane, tell=go_away)

    assert "a create was not sent: " in seen.stopped
    assert "nothing was sent" in seen.stopped
    lane.open(size=3)
    assert lane.view.held == 2


def test_a_run_whose_end_is_not_seen_says_what_stood_in_the_way(stripe_url: str, control: Control, lane: Lane) -> None:
    def falter(told: str) -> None:
        if told.startswith("a run of"):
            control(faults=[{"name": "server_error", "operation": "retrieve"}])

    seen = recorded(stripe_url, lane, tell=falter, run_s=0)

    assert "a run was not seen to end within 0 minutes; the last look at it: provider (HTTP 500" in seen.stopped


def test_a_redis_that_goes_away_leaves_what_was_seen(stripe_url: str, control: Control) -> None:
    server = fakeredis.FakeServer()
    with fakeredis.FakeRedis(server=server, decode_responses=True) as fake:
        lane = Lane(fake)
        lane.configure(2)

        def go_away(told: str) -> None:
            server.connected = not told.endswith("as a zip")

        seen = recorded(stripe_url, lane, tell=go_away)

    assert seen.stopped == "Redis did not answer as it should (RedisUnavailable)"
    assert seen.requests > 0
    assert_found(seen, {"idempotency": ("right", "the same QueryRun"), "zip_size": ("open", "Redis did not answer")})
    assert seen.api is Api.REPORTING
