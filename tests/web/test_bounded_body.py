"""A body is read whole or not at all, and no further than to its bound."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from forebay.web.bounded_body import read_within
from forebay.web.errors import TooLong


def read(messages: Iterator[Message], most_bytes: int = 10, within_s: float = 60) -> bytes:
    """Reads a body that comes in these messages; after the last nothing comes."""

    async def receive() -> Message:
        for message in messages:
            return message
        return await asyncio.Future()

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    return asyncio.run(read_within(request, most_bytes, within_s))


def part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


def test_as_much_as_the_bound_is_read_as_it_came() -> None:
    assert read(iter([part(b"01234"), part(b"56789", more=False)])) == b"0123456789"


def test_more_is_refused_and_the_rest_is_not_read() -> None:
    messages = iter([part(b"01234"), part(b"56789a"), part(b"never read")])

    with pytest.raises(TooLong, match="a body has no more than 10 bytes"):
        read(messages)
    assert list(messages) == [part(b"never read")]


def test_what_does_not_come_in_time_or_whose_sender_goes_is_no_body() -> None:
    with pytest.raises(TimeoutError):
        read(iter([part(b"01234")]), within_s=0)
    with pytest.raises(ClientDisconnect):
        read(iter([part(b"01234"), {"type": "http.disconnect"}]))
