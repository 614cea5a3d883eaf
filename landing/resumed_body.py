"""Receives a body, and goes on where its connection broke if the host lets it.

It asks for the rest of the same file (`Range`, and `If-Range` with its strong ETag: RFC 9110, 13.1.5 and 14.2). A host
that answers with anything else than just that rest has the body begun anew by whoever tries again.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

import httpx

from forebay.landing.errors import TransferBroken
from forebay.queryrun.bounded_http import BodyPace, body_at_pace, hang_up
from forebay.queryrun.long_body import declared_bytes

#: What each connection has to bring, or no other one is tried: so even 5 GB are over at some time.
LEAST_BYTES = 2 << 20

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class ResumableBody:
    """The body of an answer that was opened. `close` it, in whichever thread; the others are for one that reads."""

    def __init__(
        self, response: httpx.Response, ask: Callable[[Mapping[str, str]], httpx.Response], pace: BodyPace
    ) -> None:
        """Takes `ask`, which asks for the same URL with these headers too; it may raise LandingError."""
        self.declared_bytes = declared_bytes(response)
        self._response = response
        self._ask = ask
        self._pace = pace
        self._came = 0
        self._unwanted = False
        self._switching = Lock()
        tag = response.headers.get("etag", "")
        self._tag = tag if tag.startswith('"') else ""

    def chunks(self) -> Iterator[bytes]:
        """Yields the bytes as they come. Raises LandingError where they end early, and the rest cannot be had."""
        while True:
            came_before = self._came
            try:
                with translated():
                    for chunk in body_at_pace(self._response, self._pace):
                        self._came += len(chunk)
                        yield chunk
            except TransferBroken:
                if self._came - came_before < LEAST_BYTES or not self._goes_on():
                    raise
            else:
                self._check_end()
                return

    def _goes_on(self) -> bool:
        """Opens the rest; False if the host gives something else."""
        if not self._tag or self.declared_bytes is None or self._unwanted:
            return False
        rest = self._ask({"Range": f"bytes={self._came}-", "If-Range": self._tag})
        with self._switching:
            if self._unwanted or not self._is_rest(rest, self.declared_bytes):
                rest.close()
                return False
            self._response.close()
            self._response = rest
        return True

    def _is_rest(self, answer: httpx.Response, whole_bytes: int) -> bool:
        found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        return (
            answer.status_code == httpx.codes.PARTIAL_CONTENT
            and answer.headers.get("etag", self._tag) == self._tag
            and found is not None
            and tuple(map(int, found.groups())) == (self._came, whole_bytes - 1, whole_bytes)
        )

    def _check_end(self) -> None:
        """Holds the body to its length: the network holds each answer to its own, and a rest may have a shorter one."""
        if self.declared_bytes is not None and self._came != self.declared_bytes:
            raise TransferBroken(f"{self._came} bytes of the result came, of {self.declared_bytes} that were announced")

    def hang_up(self) -> None:
        """Ends the read that another thread waits in."""
        with self._switching:
            self._unwanted = True
            hang_up(self._response)

    def close(self) -> None:
        """Gives the connection back."""
        self._response.close()


@contextmanager
def translated() -> Iterator[None]:
    """Raises TransferBroken for what the network does to an exchange."""
    try:
        yield
    except httpx.TimeoutException as exc:
        raise TransferBroken(f"the result's host was silent or slow for too long ({type(exc).__name__})") from exc
    except httpx.HTTPError as exc:
        raise TransferBroken(f"the transfer of the result broke ({type(exc).__name__})") from exc
