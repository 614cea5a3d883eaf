"""A host that serves results, well or badly, over real HTTP on the loopback; stores as their own tests have them."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pydantic import SecretStr

from forebay.landing.fetch import Fetcher
from forebay.store.local import LocalStore
from tests.servers.http_server import Handler, served
from tests.store.conftest import local_store, s3_options, s3_store, store

__all__ = ["local_store", "s3_options", "s3_store", "store"]

Answer = Callable[[BaseHTTPRequestHandler], None]

#: What makes the URL of a result a secret; no text may hold it.
SIGNATURE = "sIgNaTuRe"


@dataclass
class Origin:
    """The host: answers by path, and the headers of each request that came."""

    host: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)

    def url(self, answer: Answer, path: str = "/result") -> SecretStr:
        """Answer so from now on at the URL given back."""
        self.answers[path] = answer
        return SecretStr(f"http://{self.host}{path}?signature={SIGNATURE}")


@pytest.fixture
def origin() -> Iterator[Origin]:
    class Host(Handler):
        wbufsize = 0  # an answer may stop in the middle

        def do_GET(self) -> None:
            place.requests.append({name.lower(): value for name, value in self.headers.items()})
            place.answers[self.path.partition("?")[0]](self)

        def end_headers(self) -> None:
            # Said as well as done: a client that took this for a connection to keep might send into its closing.
            self.send_header("Connection", "close")
            super().end_headers()

    with served(Host) as url:
        place = Origin(url.removeprefix("http://"))
        yield place


def sending(
    data: bytes,
    *,
    promised: int | None = None,
    status: int = 200,
    pieces: int = 1 << 16,
    kind: str | None = None,
    framed: bool = True,
) -> Answer:
    """An answer with this body; `promised` lies about its length, and one that is not `framed` says none."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if framed:
            request.send_header("Content-Length", str(len(data) if promised is None else promised))
        if kind:
            request.send_header("Content-Type", kind)
        request.send_header("Set-Cookie", "visitor=1")
        request.end_headers()
        for start in range(0, len(data), pieces):
            request.wfile.write(data[start : start + pieces])

    return answer


@pytest.fixture
def fetcher(origin: Origin) -> Iterator[Fetcher]:
    with Fetcher(allowed_hosts=(origin.host,)) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LocalStore]:
    """A store that must end without temporary files."""
    yield LocalStore(tmp_path / "out")
    assert not list(tmp_path.rglob(".forebay-*"))


def zipped(data: bytes, *, method: int = zipfile.ZIP_DEFLATED, name: str = "result.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()
