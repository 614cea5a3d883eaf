"""A body that broke goes on where it broke, from a host that gives the rest of the same file, and from no other."""

import random
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.landing import resumed_body
from forebay.landing.errors import TransferBroken
from forebay.landing.fetch import Fetcher
from tests.landing.conftest import SIGNATURE, Answer, Origin, sending

BODY = random.Random(7).randbytes(5_000)
TAG = '"v1"'

#: Changes what the host says of a rest: its status, and its headers.
Lie = Callable[[int, dict[str, str]], int]


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """A few bytes are progress enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumed_body, "LEAST_BYTES", 100)
        yield


def breaking(cuts: list[int], body: bytes = BODY, tag: str = TAG, lie: Lie = lambda status, _: status) -> Answer:
    """Answers as a store of files does; each connection but the last one ends after as many bytes as its cut says."""
    left = iter(cuts)

    def answer(request: BaseHTTPRequestHandler) -> None:
        start, status = 0, 200
        asked = request.headers.get("Range")
        if asked and request.headers.get("If-Range") == tag:
            start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
        rest = body[start:]
        headers = {"Content-Length": str(len(rest)), "ETag": tag}
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status = lie(status, headers)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(rest[: next(left, len(rest))])

    return answer


def fetched(fetcher: Fetcher, origin: Origin, answer: Answer) -> bytes:
    with fetcher.get(origin.url(answer)) as delivery:
        return b"".join(delivery.chunks)


@given(cuts=st.lists(st.integers(100, 4_000), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_comes_whole_wherever_it_is_cut(origin: Origin, fetcher: Fetcher, cuts: list[int]) -> None:
    assert fetched(fetcher, origin, breaking(cuts)) == BODY


def test_each_request_asks_for_the_rest_of_the_same_file(origin: Origin, fetcher: Fetcher) -> None:
    assert fetched(fetcher, origin, breaking([1_000, 500])) == BODY

    asked = [(request.get("range"), request.get("if-range")) for request in origin.requests]
    assert asked == [(None, None), ("bytes=1000-", TAG), ("bytes=1500-", TAG)]


@pytest.mark.parametrize(
    ("tag", "requests"), [("", 1), ('W/"v1"', 1), (TAG, 2)], ids=["no tag", "a weak tag", "too little came"]
)
def test_it_is_not_asked_for_where_that_proves_nothing(
    origin: Origin, fetcher: Fetcher, tag: str, requests: int
) -> None:
    with pytest.raises(TransferBroken) as broken:
        fetched(fetcher, origin, breaking([1_000, 99], tag=tag))
    assert SIGNATURE not in str(broken.value)
    assert len(origin.requests) == requests


def whole(_: int, headers: dict[str, str]) -> int:
    del headers["Content-Range"]
    return 200


def no_part(_: int, headers: dict[str, str]) -> int:
    """Says the range, and yet that it is no part."""
    return 200


def elsewhere(status: int, headers: dict[str, str]) -> int:
    headers["Content-Range"] = f"bytes 999-{len(BODY) - 1}/{len(BODY)}"
    return status


def longer(status: int, headers: dict[str, str]) -> int:
    headers["Content-Range"] = f"bytes 1000-{len(BODY) - 1}/{len(BODY) + 1}"
    return status


def another_tag(status: int, headers: dict[str, str]) -> int:
    headers["ETag"] = '"v2"'
    return status


def shorter(status: int, headers: dict[str, str]) -> int:
    headers["Content-Length"] = "2000"
    return status


def nameless(status: int, headers: dict[str, str]) -> int:
    headers["Content-Range"] = "bytes */5000"
    return status


@pytest.mark.parametrize("lie", [whole, no_part, elsewhere, longer, nameless, another_tag, shorter])
def test_what_is_not_just_that_rest_is_left(origin: Origin, fetcher: Fetcher, lie: Lie) -> None:
    with pytest.raises(TransferBroken):
        fetched(fetcher, origin, breaking([1_000], lie=lie))
    assert len(origin.requests) == 2, "it was asked for, and once"


def test_where_the_url_expired_meanwhile_the_next_try_brings_a_new_one(origin: Origin, fetcher: Fetcher) -> None:
    first = breaking([1_000])

    def answer(request: BaseHTTPRequestHandler) -> None:
        (sending(b"", status=403) if request.headers.get("Range") else first)(request)

    with pytest.raises(TransferBroken) as broken:
        fetched(fetcher, origin, answer)
    assert broken.value.retry
    assert len(origin.requests) == 2


def test_no_rest_is_taken_once_nobody_wants_it(origin: Origin, fetcher: Fetcher) -> None:
    """Who stops while it is asked for would wait until that one is silent for too long."""
    body: list[resumed_body.ResumableBody] = []
    reading = resumed_body.ResumableBody.chunks

    def remembered(self: resumed_body.ResumableBody) -> Iterator[bytes]:
        body.append(self)
        return reading(self)

    first = breaking([1_000])

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.headers.get("Range"):
            body[0].hang_up()
        first(request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumed_body.ResumableBody, "chunks", remembered)
        with pytest.raises(TransferBroken), fetcher.get(origin.url(answer)) as delivery:
            for _ in delivery.chunks:
                pass
    assert len(origin.requests) == 2
