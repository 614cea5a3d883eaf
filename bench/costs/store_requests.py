"""Counts what is asked of an object store: by a run, by a batch, and by a deployment that has nothing to do.

An S3 server of the tests keeps ledger and results; between it and everybody stands a relay that reads the first lines
of requests. Batches of one run and one batch of many tell what a run costs from what a batch does.
"""

import os
import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3

from bench.costs.lone_deployments import ALL_QUEUES, UNBOUNDED, Lone, lone
from bench.scenario import sql
from forebay.store.ledger.records import Item
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, s3_server

_FIRST_LINE = re.compile(rb"(GET|PUT|POST|HEAD|DELETE) (/\S*) HTTP/1\.1\r\n")
#: Longer than a first line of ours: what is kept of one piece for the next.
_TAIL = 2048
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    "AWS_DEFAULT_REGION": "us-east-1",
}
_BUCKET = "bench"
#: Between two readings that differ no more: notes of answers come a second after.
_QUIET_S = 3.0

#: Method and the folder of the key, as `PUT sent`; a LIST has what it lists.
ByKind = Mapping[str, float]


@dataclass(slots=True)
class _Relay:
    """Passes bytes to one server and back, and counts the requests among them."""

    server: tuple[str, int]
    counted: Counter[str] = field(default_factory=Counter)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return  # it was closed
            threading.Thread(target=self._pass, args=(accepted,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.server) as server:
            tail = b""
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    try:
                        data = ready.recv(65_536)
                    except OSError:
                        return
                    if not data:
                        return
                    (server if ready is client else client).sendall(data)
                    if ready is client:
                        tail = self._count(tail + data)

    def _count(self, said: bytes) -> bytes:
        """Counts the first lines in what was said, and gives what may be the beginning of one more."""
        past = 0
        for found in _FIRST_LINE.finditer(said):
            self.counted[kind(found[1].decode(), found[2].decode())] += 1
            past = found.end()
        return said[max(past, len(said) - _TAIL) :]


def kind(method: str, target: str) -> str:
    """Names a request by what it does, and by the folder of the ledger, or `results`, that it is about."""
    url = urlsplit(target)
    query = dict(part.partition("=")[::2] for part in url.query.split("&"))
    if "list-type" in query or ("uploads" in query and method == "GET"):
        return f"LIST {_folder(unquote(query.get('prefix', '')))}"
    if method == "POST" and "delete" in query:
        return "DELETE many"
    return f"{method} {_folder(unquote(url.path).removeprefix(f'/{_BUCKET}').lstrip('/'))}"


def _folder(key: str) -> str:
    place, _, rest = key.partition("/")
    return rest.partition("/")[0] or "ledger" if place == "ledger" else "results"


def client_of(endpoint: str) -> Any:
    """Makes a client of the tests' S3."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )


@contextmanager
def counted_store() -> Iterator[tuple[str, Counter[str]]]:
    """Serves an S3 with a bucket; gives its endpoint, and what is asked of it."""
    with s3_server() as endpoint, socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        client = client_of(endpoint)
        client.create_bucket(Bucket=_BUCKET)
        client.close()
        server = urlsplit(endpoint)
        relay = _Relay((server.hostname or "", server.port or 0))
        threading.Thread(target=relay.serve, args=(listener,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", relay.counted
        finally:
            listener.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRequests:
    """What is asked of a store."""

    a_run: ByKind
    a_batch: ByKind
    a_minute: ByKind
    """By one worker that has nothing left to do, but to find that the batches before have settled."""


def store_requests(*, single: int, many: int, idle_s: float) -> StoreRequests:
    """Lands so many batches of one run, and one batch of many, and then waits."""
    kept = {name: os.environ.get(name) for name in _CREDENTIALS}
    os.environ.update(_CREDENTIALS)  # whoever submits asks the store, too
    try:
        with counted_store() as (endpoint, counted):
            places = {"ledger": f"s3://{_BUCKET}/ledger", "destination": f"s3://{_BUCKET}/out"}
            settings = {"FOREBAY_S3_ENDPOINT": endpoint, "FOREBAY_S3_REGION": "us-east-1", **_CREDENTIALS, **UNBOUNDED}
            with lone(**places, **settings) as here, here.workers([ALL_QUEUES]):
                _land(here, counted, [1, 1])  # stores are opened, and swept
                ones = _land(here, counted, [1] * single)
                all_at_once = _land(here, counted, [many])
                idle = _during(counted, lambda: time.sleep(idle_s)) if idle_s else Counter()
    finally:
        for name, value in kept.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})
    names = sorted({*ones, *all_at_once})
    a_run = {name: max(0.0, (all_at_once[name] - ones[name] / single) / (many - 1)) for name in names}
    a_batch = {name: max(0.0, ones[name] / single - a_run[name]) for name in names}
    a_minute = {name: 60 * count / idle_s for name, count in sorted(idle.items())}
    return StoreRequests(a_run=a_run, a_batch=a_batch, a_minute=a_minute)


def _land(here: Lone, counted: Counter[str], sizes: list[int]) -> Counter[str]:
    def land() -> None:
        for size in sizes:
            items = [Item(name=f"q{n}", sql=sql(n, 0.05), account=None) for n in range(size)]
            here.deployment.wait_until_done(here.deployment.submit(items))
            time.sleep(_QUIET_S)

    return _during(counted, land)


def _during(counted: Counter[str], act: Callable[[], object]) -> Counter[str]:
    before = Counter(counted)
    act()
    return counted - before
