"""Serves the light Stripe on a port of loopback.

    python -m bench.costs.light_server [--port 0] [--cap 100] [--endpoint-rate-per-s 25] [--global-rate-test-per-s 25]

Asyncio and no framework: parsing is what such a server spends most on. It takes what clients of HTTP/1.1 send, no more.
Answers come at once, where Stripe takes a tenth of a second or more.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from bench.costs.light_stripe import LightAnswer, LightSettings, LightStripe
from tests.servers.processes import Serving, serving

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Speaking(asyncio.Protocol):
    """One connection: its requests, one after the other."""

    def __init__(self, stripe: LightStripe) -> None:
        self._stripe = stripe
        self._read = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 # a server's is one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[: end + 2]
            length = int(found[1]) if (found := _LENGTH.search(head)) else 0
            past = end + 4 + length
            if len(self._read) < past:
                return
            body, self._read = self._read[end + 4 : past], self._read[past:]
            method, path, _ = head[: head.index(b"\r\n")].decode().split(" ")
            answer = self._stripe.answer(method, path, head, body)
            assert self._transport  # noqa: S101 # it is connected
            self._transport.write(_head(answer) + (b"" if method == "HEAD" else answer.body))


def _head(answer: LightAnswer) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
    ]
    if answer.reason:
        lines.append(f"Stripe-Rate-Limited-Reason: {answer.reason}")
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def light_stripe(folder: Path, *options: str) -> Iterator[Serving]:
    """Runs it as a process of its own, so that its CPU can be told from that of who asks."""
    with serving(folder / "stripe.log", "bench.costs.light_server", *options) as served:
        yield served


async def _serve(port: int, stripe: LightStripe) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Speaking(stripe), "127.0.0.1", port, backlog=512)
    stripe.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sys.stdout.write(f"listening on {stripe.base}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.costs.light_server", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cap", type=int, default=100, help="runs alive at once, of each account")
    parser.add_argument("--endpoint-rate-per-s", type=float, default=0, help="of each operation; 0: no limit")
    parser.add_argument("--global-rate-test-per-s", type=float, default=0, help="of all requests; 0: no limit")
    parser.add_argument("--duration", type=float, default=0.05, help="of runs whose SQL does not say")
    asked = parser.parse_args()
    settings = LightSettings(
        cap=asked.cap,
        endpoint_rate_per_s=asked.endpoint_rate_per_s,
        global_rate_per_s=asked.global_rate_test_per_s,
        duration_s=asked.duration,
    )
    asyncio.run(_serve(asked.port, LightStripe(settings)))


if __name__ == "__main__":
    main()
