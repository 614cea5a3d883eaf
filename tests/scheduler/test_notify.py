"""People are told by real HTTP and by real commands; what cannot be told is logged, and stands in nobody's way."""

import itertools
import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forebay.scheduler import notify
from forebay.scheduler.closing.closer import LOCK_S, RENEW_EVERY_S
from forebay.scheduler.notify import TRIES, Message, tell
from forebay.store.ledger.batch_policy import Notify
from tests.servers.http_server import Handler, served
from tests.servers.tcp import dripping, server

SECRET = "T0SECRET/B0HOOK"
MESSAGE = Message(subject="month_end (b1): partial", lines=("1 of 2 runs landed",), facts={"batch": "b1", "landed": 1})


@dataclass
class Receiver:
    """Where a webhook leads to."""

    url: str
    statuses: list[int] = field(default_factory=list)
    """Its next answers; 200 when they are used up."""
    bodies: list[Any] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    silent: bool = False
    """Whether it never answers."""
    over: threading.Event = field(default_factory=threading.Event)

    def tell(self, wanted: Notify, **more: Any) -> None:
        tell(wanted, MESSAGE, sleep=self.pauses.append, **more)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    class Hook(Handler):
        def do_POST(self) -> None:
            made.bodies.append((self.path, self.headers["Content-Type"], json.loads(self.sent())))
            if made.silent:
                made.over.wait(30)
                return
            self.answer(made.statuses.pop(0) if made.statuses else 200)

    with served(Hook) as url:
        made = Receiver(f"{url}/services/{SECRET}")
        monkeypatch.setenv("HOOK", made.url)
        yield made
        made.over.set()


HOOK = Notify(webhook="secret://env/HOOK")


def test_a_webhook_gets_what_slack_understands(receiver: Receiver) -> None:
    receiver.tell(HOOK)
    ((path, kind, body),) = receiver.bodies
    assert path == f"/services/{SECRET}"
    assert kind == "application/json"
    assert body == {"text": "month_end (b1): partial\n1 of 2 runs landed"}
    assert receiver.pauses == []


def test_a_webhooks_address_may_stand_in_a_file_beside_the_spec(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(receiver.url + "\n")
    receiver.tell(Notify(webhook="secret://file/hook"), folder=tmp_path)
    assert len(receiver.bodies) == 1


def test_a_command_gets_the_message_as_json(receiver: Receiver, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    keep = f"import sys; open({str(heard)!r}, 'wb').write(sys.stdin.buffer.read())"
    receiver.tell(Notify(command=(sys.executable, "-c", keep)))
    assert json.loads(heard.read_bytes()) == {
        "subject": "month_end (b1): partial",
        "lines": ["1 of 2 runs landed"],
        "facts": {"batch": "b1", "landed": 1},
        "text": "month_end (b1): partial\n1 of 2 runs landed",
    }


def test_a_receiver_that_is_busy_is_tried_again_and_told_once(receiver: Receiver) -> None:
    receiver.statuses = [503]
    receiver.tell(HOOK)
    assert len(receiver.bodies) == 2
    assert len(receiver.pauses) == 1


def test_after_a_few_tries_it_is_logged_instead(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.statuses = [500] * 10
    receiver.tell(HOOK)
    assert len(receiver.bodies) == TRIES
    (last,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert last.getMessage() == "nobody was told by webhook, as far as we know: month_end (b1): partial"


def test_a_receiver_that_refuses_it_is_not_asked_again(receiver: Receiver) -> None:
    receiver.statuses = [404] * 10
    receiver.tell(HOOK)
    assert len(receiver.bodies) == 1


def test_a_receiver_that_does_not_answer_is_told_once_and_not_waited_for(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have understood."""
    monkeypatch.setattr(notify, "REQUEST_S", 0.2)
    receiver.silent = True
    receiver.tell(HOOK)
    assert len(receiver.bodies) == 1
    assert receiver.pauses == []


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"])
def test_a_receiver_that_drips_is_told_once_and_not_waited_for(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    """Its headers never end, or the answer that nobody reads; each byte is in time."""
    monkeypatch.setattr(notify, "REQUEST_S", 0.3)
    with server(dripping(itertools.repeat(b"x"), head=head)) as (url, requests):
        monkeypatch.setenv("HOOK", url)
        tell(HOOK, MESSAGE, sleep=lambda _: pytest.fail("it was tried again"))

    assert sum(b"POST" in request for request in requests) == 1


def test_a_command_that_does_not_end_is_stopped_and_not_run_again(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "COMMAND_S", 1.0)
    runs = tmp_path / "runs"
    stay = f"open({str(runs)!r}, 'a').write('x')\nwhile True: pass"
    receiver.tell(Notify(command=(sys.executable, "-c", stay)))
    assert runs.read_text() in ("x", "")  # it may not have come so far
    assert receiver.pauses == []


def test_all_tries_together_are_shorter_than_the_lock_of_a_batch() -> None:
    pauses = sum(notify._PAUSE_S * tried for tried in range(1, TRIES))
    longest = TRIES * (notify.REQUEST_S + notify.COMMAND_S) + 2 * pauses
    assert longest < LOCK_S - RENEW_EVERY_S, "another tender would tell it, too"


def test_a_webhook_that_fails_keeps_no_command_from_running(receiver: Receiver, tmp_path: Path) -> None:
    receiver.statuses = [500] * 10
    ran = tmp_path / "ran"
    touch = f"import pathlib; pathlib.Path({str(ran)!r}).touch()"
    receiver.tell(Notify(webhook="secret://env/HOOK", command=(sys.executable, "-c", touch)))
    assert ran.exists()


@pytest.mark.parametrize(
    "wanted",
    [
        Notify(webhook="secret://env/NOT_SET"),
        Notify(webhook="secret://file/not-there"),
        Notify(webhook="secret://env/NO_URL"),
        Notify(webhook="secret://env/NOBODY_THERE"),
        Notify(command=("/not/there",)),
        Notify(command=(sys.executable, "-c", "raise SystemExit(3)")),
        # It reads nothing, and the message does not fit into a pipe.
        Notify(command=(sys.executable, "-c", "import sys; sys.stdin.close()")),
    ],
    ids=lambda wanted: str(wanted.webhook or wanted.command[-1]),
)
def test_nothing_that_fails_is_raised(
    receiver: Receiver, wanted: Notify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_URL", SECRET)
    monkeypatch.setenv("NOBODY_THERE", f"http://127.0.0.1:1/{SECRET}")
    receiver.tell(wanted, folder=tmp_path)
    assert receiver.bodies == []


@pytest.mark.parametrize(
    "url", [f"http://127.0.0.1:1/{SECRET}", f"http://[{SECRET}", SECRET, f"gopher://127.0.0.1/{SECRET}", ""]
)
def test_a_webhooks_address_is_in_no_log(
    receiver: Receiver, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOOK", url)
    receiver.tell(HOOK)
    assert "not tell" in caplog.text or "could not" in caplog.text
    assert SECRET not in caplog.text


def test_a_webhooks_address_is_in_no_log_when_it_answers(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """httpx itself would log each request with its URL."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # what a worker sets up keeps it silent
    receiver.statuses = [500, 404]
    receiver.tell(HOOK)
    assert "answered 404" in caplog.text
    assert SECRET not in caplog.text


def test_a_long_message_reaches_a_command_that_reads_late(receiver: Receiver, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    count = f"import sys; open({str(heard)!r}, 'w').write(str(len(sys.stdin.read())))"
    long = Message(subject="x" * 200_000)
    tell(Notify(command=(sys.executable, "-c", count)), long, sleep=receiver.pauses.append)
    assert int(heard.read_text()) > 400_000


def test_messages_that_a_command_appends_to_a_file_are_a_line_each(tmp_path: Path) -> None:
    file = tmp_path / "notified.jsonl"
    appending = Notify(command=("sh", "-c", 'cat >> "$0"', str(file)))

    for subject in ("first", "second"):
        tell(appending, Message(subject=subject, lines=("a\nb",), facts={}))

    assert [json.loads(line)["subject"] for line in file.read_text().splitlines()] == ["first", "second"]
