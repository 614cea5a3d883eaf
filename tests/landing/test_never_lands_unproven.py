"""Whatever a host does to a result on its way, what lands is the result, whole; else nothing does."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from forebay.landing.errors import Transfer
from forebay.landing.fetch import Fetcher
from forebay.landing.land import land
from forebay.store.local import LocalStore
from tests.landing.conftest import zipped

URL = SecretStr("https://files.stripe.com/result")
PAGES = [
    b"<!DOCTYPE html><html><body>Sign in</body></html>",
    b'<?xml version="1.0"?><Error><Code>InternalError</Code></Error>',
    b"<HTML>\n",
]

cells = st.text(st.sampled_from('ab ",\n\r0é<'), max_size=6).map(lambda cell: '"' + cell.replace('"', '""') + '"')
rows = st.lists(st.lists(cells, min_size=2, max_size=2).map(",".join), max_size=20)
csvs = rows.map(lambda lines: "\n".join(["id,amount", *lines, ""]).encode())


class Sending(httpx.SyncByteStream):
    """A body that comes in pieces, as from a network."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[bytes]:
        return (self._data[at : at + 7] for at in range(0, len(self._data), 7))


def spoiled(draw: st.DataObject, body: bytes) -> bytes:
    """What a host, or whoever stands between, makes of a body: the same, a part of it, more, or something else."""
    how = draw.draw(st.sampled_from(["whole", "cut", "longer", "page", "empty", "twice"]))
    if how == "cut":
        return body[: draw.draw(st.integers(0, max(0, len(body) - 1)))]
    if how == "longer":
        return body + draw.draw(st.binary(min_size=1, max_size=30))
    if how == "twice":
        return body + body
    return {"whole": body, "empty": b"", "page": draw.draw(st.sampled_from(PAGES))}[how]


@settings(max_examples=300)
@given(
    csv=csvs,
    compressed=st.booleans(),
    promised=st.booleans(),
    named=st.sampled_from(["zip", "csv"]),
    result_format=st.sampled_from(["auto", "csv", "zip"]),
    draw=st.data(),
)
def test_what_lands_is_the_result_whole(
    *, csv: bytes, compressed: bool, promised: bool, named: str, result_format: str, draw: st.DataObject
) -> None:
    body = zipped(csv) if compressed else csv
    sent = spoiled(draw, body)

    def host(_: httpx.Request) -> httpx.Response:
        # Without a length: nothing but the result itself, or Stripe's promise, can tell that it is whole.
        return httpx.Response(200, stream=Sending(sent))

    with (
        tempfile.TemporaryDirectory() as folder,
        Fetcher(allowed_hosts=("files.stripe.com",), transport=httpx.MockTransport(host)) as fetcher,
    ):
        store = LocalStore(Path(folder))
        try:
            result = land(
                fetcher,
                URL,
                content_type=named,
                size=len(body) if promised else None,
                store=store,
                stem="q",
                result_format=result_format,
            )
        except Transfer:  # and nothing else: another URL may do better, so it is fetched again
            assert list(store.list()) == []
        else:
            assert sent == body
            assert result.csv_sha256 == hashlib.sha256(csv).hexdigest()
            assert list(store.list()) == [result.key]
            assert promised or compressed, "a bare CSV of no known length proves nothing"


@pytest.mark.parametrize("named", ["zip", "csv"])
def test_a_whole_result_lands_in_this_test_too(named: str, tmp_path: Path) -> None:
    body = zipped(b"id\n1\n") if named == "zip" else b"id\n1\n"
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Sending(body)))
    with Fetcher(allowed_hosts=("files.stripe.com",), transport=transport) as fetcher:
        result = land(
            fetcher,
            URL,
            content_type=named,
            size=len(body),
            store=LocalStore(tmp_path),
            stem="q",
            result_format="auto",
        )

    assert result.records == 1
