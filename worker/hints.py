"""Takes messages from the broker for what they are, hints: nothing of one is written back, and none ends a worker.

A message says "look at this run", and the run is due again anyway when nobody does. So Redis is told nothing about
messages that were taken: kombu's bookkeeping of what is not acknowledged yet costs eight commands a message, and a
worker died of it that finished a step after its connection was lost. And what is no message of ours is dropped here,
before anything of it is believed: a queue is a list that whoever reaches Redis can write to.
"""

import base64
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from kombu.transport.redis import Channel, Transport
from kombu.transport.virtual import QoS

from forebay.config.redis_server import RedisServer
from forebay.governor.redis_forms import pool
from forebay.worker.task_names import STEP_OF_TASK

log = logging.getLogger(__name__)

#: The shape of our messages. Raise it when an older release would misread the newer ones: it drops what it does not
#: know, so that two releases work side by side, and a run is due again for a worker that does.
FORMAT = 1
#: The header that has it.
FORMAT_HEADER = "forebay_format"

#: Where a message that was read has the arguments of its task: `inline_task.py` calls it with these.
ARGUMENTS = "forebay_arguments"

#: How soon a silently dead line to the broker is found out.
HEALTH_CHECK_S = 5
#: Ours have some 1,000 bytes.
MOST_BYTES = 64 * 1024


class NoHint(Exception):
    """Raised for what is no message of ours, or none that this release knows; says why."""


def hint(queue: str, text: bytes) -> dict[str, Any]:
    """Reads a message as it lay in a queue, and puts what its body says among its headers.

    Raises `NoHint` for one that no task here could take as it stands.
    """
    if len(text) > MOST_BYTES:
        raise NoHint(f"{len(text)} bytes are no message of ours")
    message = _json(text)
    match message:
        case {
            "headers": {"task": str(task), "id": str()} as headers,
            "properties": {"delivery_tag": str(), "delivery_info": dict(), "body_encoding": "base64"},
            "body": str(body),
            "content-type": "application/json",
            "content-encoding": "utf-8",
        }:
            _check_headers(queue, task, headers)
            headers[ARGUMENTS] = _arguments(_json(_decoded(body)))
            return message  # type: ignore[no-any-return]  # a dict, as it matched
    raise NoHint("it does not have the shape of a message")


def _check_headers(queue: str, task: str, headers: dict[str, Any]) -> None:
    if headers.get(FORMAT_HEADER) != FORMAT:
        raise NoHint(f"its format is {headers.get(FORMAT_HEADER)!r:.20}, and this release knows {FORMAT}")
    if STEP_OF_TASK.get(task) != queue:
        raise NoHint(f"no task {task!r:.60} belongs into this queue")
    if headers.get("eta") or headers.get("expires") or headers.get("timelimit") not in (None, [None, None]):
        raise NoHint("it asks for a time, which ours never do")


def _arguments(body: Any) -> list[Any]:
    """Gives a lane and runs. Refuses callbacks, chains and chords too, which Celery would carry out."""
    match body:
        case [[str() as lane, [*runs]], {**named}, {**embedded}] if not named and not any(embedded.values()):
            if runs and all(isinstance(run, list) and list(map(type, run)) == [str, int] for run in runs):
                return [lane, runs]
    raise NoHint("its arguments are not a lane and runs")


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise NoHint("its body is not base64") from None


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or nested until the parser gives up
        raise NoHint("it is not JSON") from None


class _RoomOfThreads(QoS):
    """Lets a message be taken while there are threads for it, and not until so many are unacknowledged."""

    def can_consume(self) -> bool:
        """Says whether one may be taken now."""
        channel: Any = self.channel
        return bool(channel.has_room())


class HintChannel(Channel):
    """A channel without acknowledgements on the server: what was taken is gone from there."""

    ack_emulation = False
    from_transport_options = (*Channel.from_transport_options, "server", "has_room")
    server: RedisServer
    has_room: Callable[[], bool]
    # A step that is at work when its connection is lost goes on; its message put back would only be a second one.
    do_restore = False

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        # Set by kombu's own, too: for each channel, by whether it acknowledges.
        self.QoS = _RoomOfThreads  # type: ignore[assignment]  # its stub knows kombu's alone

    def _get_pool(self, asynchronous: bool = False) -> Any:  # noqa: FBT001  # kombu's signature
        """Connects as our own clients do. The lines that consume are `asynchronous`: the hub learns of their end."""
        made = pool(
            self.server, on_disconnect=self._ended if asynchronous else None, health_check_interval=HEALTH_CHECK_S
        )
        self.keyprefix_fanout = self.keyprefix_fanout.format(db=self.server.database)
        return made

    def _ended(self, connection: Any) -> None:
        if self._registered:  # type: ignore[attr-defined]  # celery-types does not know them
            self._on_connection_disconnect(connection)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Does as kombu's own, which waits for the end of a wait for messages, so that none is lost: at once, then."""
        if self._in_poll:
            self._end_the_wait()
        super().close()

    def _end_the_wait(self) -> None:
        """Asks the server to end it, where it lets us; else it takes up to a second."""
        with suppress(*self.connection.connection_errors, *self.connection.channel_errors):
            address = _address(self._in_poll)
            with self.conn_or_acquire() as client:
                waiting = [each["id"] for each in client.client_list() if each["addr"] == address]
                for each in waiting:
                    client.client_unblock(each)

    def _brpop_read(self, **options: Any) -> bool:
        """Does as kombu's own, which a malformed message makes raise, and that ends the worker."""
        connection = self.client.connection
        try:
            popped = self.client.parse_response(connection, "BRPOP", **options)
        except self.connection_errors:  # type: ignore[attr-defined]  # celery-types does not know it
            connection.disconnect()
            raise
        finally:
            self._in_poll = None
        if not popped:
            raise Empty
        queue, text = popped[0].decode(), popped[1]
        self._queue_cycle.rotate(queue)  # type: ignore[attr-defined]  # celery-types does not know it
        self._hand_on(queue, text)
        return True

    def _hand_on(self, queue: str, text: bytes) -> None:
        try:
            self.connection._deliver(hint(queue, text), queue)  # noqa: SLF001  # that is how channels do it
        except NoHint as error:
            log.warning("dropped a message of queue %s: %s", queue, error, extra={"event": "message_dropped"})
        except Exception:
            log.exception("dropped a message of queue %s, which is a bug", queue, extra={"event": "bug"})


def _address(connection: Any) -> str | None:
    """Names a connection as the server does in its list, unless something stands between; None for a socket's file."""
    match connection._sock and connection._sock.getsockname():  # noqa: SLF001  # nobody else knows
        case (str(host), int(port)):
            return f"{host}:{port}"
        case (str(host), int(port), _, _):
            return f"[{host}]:{port}"
    return None


class HintTransport(Transport):
    """Kombu's transport to Redis, with our channel. It is given the server instead of a URL."""

    Channel = HintChannel
    can_parse_url = True

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:  # noqa: ARG002, FBT001
        """Names the server for people, without its password."""
        client: Any = self.client
        shown: str = client.transport_options["server"].shown
        return shown
