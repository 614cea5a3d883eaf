"""What is believed of a message that lay in a queue: that it is one of ours, to the letter, or nothing."""

import base64
import json
from typing import Any

import pytest
import redis

from forebay.worker.celery_app import WorkerApp
from forebay.worker.hints import ARGUMENTS, FORMAT, FORMAT_HEADER, MOST_BYTES, NoHint, hint


def message(body: object = None, **headers: object) -> dict[str, Any]:
    """A message as Celery makes it, without what nobody reads."""
    body = [["acme:live", [["b1/0", 7]]], {}, {"callbacks": None, "chain": None}] if body is None else body
    return {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "forebay.submit", "id": "1", FORMAT_HEADER: FORMAT, "eta": None, **headers},
        "properties": {"delivery_tag": "1", "delivery_info": {"routing_key": "submit"}, "body_encoding": "base64"},
    }


def read(message: object, queue: str = "submit") -> dict[str, Any]:
    return hint(queue, json.dumps(message).encode())


def test_one_of_ours_is_taken_as_it_is_with_what_its_body_says() -> None:
    assert read(message()) == message(**{ARGUMENTS: ["acme:live", [["b1/0", 7]]]})


def test_headers_that_a_release_adds_without_a_new_format_do_not_matter() -> None:
    assert read(message(added="later"))


def test_what_a_header_claims_that_the_body_says_is_not_believed() -> None:
    assert read(message(**{ARGUMENTS: ["other:live", []]})) == read(message())


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({FORMAT_HEADER: FORMAT + 1}, f"its format is {FORMAT + 1}, and this release knows {FORMAT}"),
        ({FORMAT_HEADER: None}, "its format is None"),
        ({"task": "forebay.poll"}, "belongs into this queue"),
        ({"task": "celery.backend_cleanup"}, "belongs into this queue"),
        ({"task": ["forebay.submit"]}, "shape"),
        ({"id": None}, "shape"),
        ({"eta": "2026-01-01T00:00:00"}, "time"),
        ({"expires": "2026-01-01T00:00:00"}, "time"),
        ({"timelimit": [1, 1]}, "time"),
    ],
)
def test_headers_that_are_not_ours_are_refused(headers: dict[str, object], said: str) -> None:
    with pytest.raises(NoHint, match=said):
        read(message(**headers))


@pytest.mark.parametrize(
    "body",
    [
        5,
        [],
        [[], {}, {}],
        [["acme:live"], {}, {}],
        [["acme:live", []], {}, {}],
        [["acme:live", [["b1/0"]]], {}, {}],
        [["acme:live", [["b1/0", True]]], {}, {}],
        [["acme:live", [["b1/0", "7"]]], {}, {}],
        [[7, [["b1/0", 7]]], {}, {}],
        [["acme:live", [["b1/0", 7]]], {"more": 1}, {}],
        [["acme:live", [["b1/0", 7]]], {}, {"callbacks": [{"task": "forebay.submit"}]}],
        [["acme:live", [["b1/0", 7]]], {}, None],
    ],
)
def test_arguments_that_no_step_takes_are_refused(body: object) -> None:
    with pytest.raises(NoHint, match="not a lane and runs"):
        read(message(body))


@pytest.mark.parametrize("text", [b"", b"5", b"{", b"\xff\xfe", b"[" * (MOST_BYTES - 1), b" " * (MOST_BYTES + 1)])
def test_what_is_no_message_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(NoHint):
        hint("submit", text)


def test_a_body_that_is_nested_without_end_is_refused() -> None:
    nested = base64.b64encode(b"[" * 40_000).decode()
    with pytest.raises(NoHint, match="JSON"):
        read({**message(), "body": nested})


def test_who_closes_while_it_waits_for_messages_has_the_server_end_that(app: WorkerApp, valkey: redis.Redis) -> None:
    """Kombu reads the end of the wait, so that nothing is lost that came meanwhile: that took up to a second."""
    channel: Any = app.connection_for_read().channel()
    channel.basic_consume("submit", no_ack=True, callback=lambda _: None, consumer_tag="1")
    channel.connection.cycle._register_BRPOP(channel)
    assert channel._in_poll

    channel.close()

    stats = valkey.info("commandstats")
    assert stats["cmdstat_client|unblock"]["calls"] == 1
    assert stats["cmdstat_client|unblock"]["failed_calls"] == 0
