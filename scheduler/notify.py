"""Tells people: a Slack-compatible POST, or a command that gets the message on its standard input.

Called once a batch when it closes or is stopped, and for windows that are late. A message says what happened and
what to do, in names and numbers: no row of data, no SQL, no signed URL. Telling never stands in the way of the work:
what cannot be told after a few tries is logged.
"""

import json
import logging
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from forebay.config.errors import ConfigError, SecretError
from forebay.config.proxies import proxy_for
from forebay.config.secrets import SecretRef
from forebay.queryrun.bounded_http import BodyTooLarge, BoundedHttp, ReplyBounds
from forebay.store.ledger.batch_policy import Notify

log = logging.getLogger(__name__)

#: All of it together ends before the lock of the batch runs out (`scheduler/closing/closer.py`), or another would tell
#: it too. `REQUEST_S` is for a request as a whole: a receiver that drips holds nothing up either.
TRIES = 3
REQUEST_S = 4.0
#: Slack answers `ok`; nobody's answer is read, so a larger one is not waited for.
_MOST_ANSWER_BYTES = 64 << 10
COMMAND_S = 10.0
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What people are told."""

    subject: str
    lines: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same for machines."""

    @property
    def text(self) -> str:
        """Joins subject and lines."""
        return "\n".join((self.subject, *self.lines))


Tell = Callable[[Notify, Message], None]


class _NotTold(Exception):
    """Raised when one try failed; the text names no URL, since a webhook's URL is its key.

    `again`: another try may do better, and cannot tell anybody a second time.
    """

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


def tell(
    notify: Notify,
    message: Message,
    *,
    folder: Path = Path(),
    proxies: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Tells whoever is named, each by itself. Raises nothing.

    `folder` is what a secret's relative path counts from, `proxies` are those that the environment names.
    """
    if notify.webhook:
        webhook = notify.webhook

        def once() -> None:
            _post(SecretRef.parse(webhook, folder=folder), message, proxies or {}, transport)

        _insist("webhook", message, once, sleep)
    if notify.command:
        command = notify.command
        _insist("command", message, lambda: _run(command, message), sleep)


def _insist(way: str, message: Message, once: Callable[[], None], sleep: Callable[[float], None]) -> None:
    facts = {"event": "not_told", "way": way}
    for tried in range(1, TRIES + 1):
        try:
            once()
        except (_NotTold, SecretError) as error:
            log.warning("could not tell by %s (try %d of %d): %s", way, tried, TRIES, error, extra=facts)
            if not (isinstance(error, _NotTold) and error.again):
                break
        else:
            return
        if tried < TRIES:
            sleep(_PAUSE_S * tried)
    log.error("nobody was told by %s, as far as we know: %s", way, message.subject, extra=facts)


def _post(
    webhook: SecretRef, message: Message, proxies: Mapping[str, str], transport: httpx.BaseTransport | None
) -> None:
    url = webhook.resolve().get_secret_value()
    bounds = ReplyBounds(whole_s=REQUEST_S, most_bytes=_MOST_ANSWER_BYTES)
    try:
        with BoundedHttp(timeout=httpx.Timeout(REQUEST_S), proxy=proxy_for(url, proxies), transport=transport) as http:
            headers = {"Content-Type": "application/json"}
            content = json.dumps({"text": message.text}).encode()
            answer = http.ask(http.request("POST", url, headers=headers, content=content), bounds)
    except BodyTooLarge:
        return  # it was told, and talks too much
    except (httpx.HTTPError, httpx.InvalidURL, ConfigError) as error:
        # Its own text may hold the URL. Only where nothing was sent nobody can have been told.
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        raise _NotTold(f"{webhook}: {type(error).__name__}", again=unsent) from None
    if not answer.is_success:
        busy = answer.status == HTTPStatus.TOO_MANY_REQUESTS or httpx.codes.is_server_error(answer.status)
        raise _NotTold(f"{webhook}: answered {answer.status}", again=busy)


def _run(command: tuple[str, ...], message: Message) -> None:
    written = json.dumps({**asdict(message), "text": message.text}, default=str)
    try:
        ended = subprocess.run(
            command,
            input=f"{written}\n".encode(),  # a line, for commands that only append it to a file
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _NotTold(f"{command[0]} did not end within {COMMAND_S:.0f} s", again=False) from None
    except OSError as error:
        raise _NotTold(f"{command[0]} cannot be run: {error.strerror}", again=False) from error
    if ended.returncode:
        raise _NotTold(f"{command[0]} ended with {ended.returncode}", again=True)
