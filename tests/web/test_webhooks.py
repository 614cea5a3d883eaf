"""What Stripe signed is taken, at once; nothing else is, and each refusal is counted by the rule that was broken."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forebay.config.secrets import SecretRef
from forebay.web import serving, webhooks
from forebay.web.webhooks import MOST_BODY_BYTES
from tests.servers.processes import wait_until
from tests.web.served import PATH, ROLLED, SECRET, Served, connection, served, signed


def event(event_id: str = "evt_1", event_type: str = "v2.data.reporting.query_run.succeeded", **more: Any) -> str:
    related = {"id": "qryrun_1", "type": "v2.data.reporting.query_run", "url": "/v2/…"}
    body = {
        "id": event_id,
        "object": "v2.core.event",
        "type": event_type,
        "context": "acct_1",
        "related_object": related,
    }
    return json.dumps({**body, **more})


@pytest.fixture(scope="module")
def _module() -> Iterator[Served]:
    with served(connection("acme", SECRET), connection("rolling", SECRET, ROLLED), connection("mute")) as one:
        yield one


@pytest.fixture
def receiver(_module: Served) -> Served:
    _module.ear.heard.clear()
    _module.refusals.total.clear()
    return _module


def heard(receiver: Served, count: int) -> list[tuple[str, str, str | None, str | None]]:
    wait_until(lambda: len(receiver.ear.heard) >= count, "the events to be heard")
    return [(name, each.id, each.object_id, each.context) for name, each in receiver.ear.heard]


def test_what_stripe_signed_is_taken_and_heard(receiver: Served) -> None:
    answer = receiver.post(event())

    assert answer.status_code == 200
    assert heard(receiver, 1) == [("acme", "evt_1", "qryrun_1", "acct_1")]
    assert not receiver.refusals.total


def test_nothing_of_a_body_is_believed_but_what_it_names(receiver: Served) -> None:
    receiver.post(event(status="failed", data={"url": "https://evil"}, livemode=True))

    (((_, taken),)) = [heard(receiver, 1) and receiver.ear.heard[0]]
    assert set(taken.__slots__) == {"id", "type", "created", "object_id", "context", "livemode"}


def test_it_is_answered_while_nobody_listens(receiver: Served) -> None:
    receiver.ear.attentive.clear()
    try:
        answers = [receiver.post(event(f"evt_{number}")) for number in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert receiver.ear.heard == []
    finally:
        receiver.ear.attentive.set()
    assert [name for _, name, *_ in heard(receiver, 3)] == ["evt_0", "evt_1", "evt_2"]


@pytest.mark.parametrize("age_s", [301, 86_400])
def test_what_was_signed_long_ago_is_refused(receiver: Served, age_s: int) -> None:
    assert refused(receiver, receiver.post(event(), age_s=age_s)) == (400, "not_old")


@pytest.mark.parametrize("age_s", [-310, -86_400])
def test_what_was_signed_for_the_future_is_refused(receiver: Served, age_s: int) -> None:
    assert refused(receiver, receiver.post(event(), age_s=age_s)) == (400, "not_ahead")


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (signed(event(), secret=ROLLED), "signed"),
        (signed(event("evt_2")), "signed"),
        (signed(event()).replace("v1", "v0"), "signed"),
        ("", "one_header"),
        ("t=,v1=", "one_header"),
    ],
    ids=["by a secret that is rolled out", "of another body", "of another scheme", "none", "empty"],
)
def test_a_forgery_is_refused(receiver: Served, signature: str, reason: str) -> None:
    assert refused(receiver, receiver.post(event(), signature=signature)) == (400, reason)


def test_a_forgery_is_not_even_parsed(receiver: Served) -> None:
    """What is no JSON is refused for its signature, and not for that."""
    assert refused(receiver, receiver.post("[" * 100_000, secret=ROLLED)) == (400, "signed")


def test_a_request_without_a_signature_is_refused_and_so_is_one_with_two(receiver: Served) -> None:
    none = receiver.client.post(PATH, content=event())
    two = receiver.client.post(PATH, content=event(), headers=[("Stripe-Signature", signed(event()))] * 2)

    assert (none.status_code, two.status_code) == (400, 400)
    assert receiver.refusals.total == {("acme", "one_header"): 2}


def test_a_body_that_was_changed_on_its_way_is_refused(receiver: Served) -> None:
    original = event()

    answer = receiver.post(original.replace("qryrun_1", "qryrun_2"), signature=signed(original))

    assert refused(receiver, answer) == (400, "signed")


def test_the_bytes_are_signed_and_not_what_they_mean(receiver: Served) -> None:
    body = event(note="Zoë").encode().decode("unicode_escape")
    pretty = json.dumps(json.loads(event()), indent=1)

    assert refused(receiver, receiver.post(pretty, signature=signed(event()))) == (400, "signed")
    assert receiver.post(body.encode(), signature=signed(body)).status_code == 200


def test_while_a_secret_is_rolled_both_are_taken(receiver: Served) -> None:
    path = "/webhooks/stripe/rolling"
    both = f"{signed(event())},{signed(event(), secret=ROLLED).partition(',')[2]}"

    answers = [
        receiver.post(event(), path=path, secret=SECRET),
        receiver.post(event(), path=path, secret=ROLLED),
        receiver.post(event(), path=path, signature=both),
    ]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert receiver.post(event(), secret=ROLLED).status_code == 400, "acme does not have the new one"


def test_the_same_request_again_is_taken_again_and_costs_a_hint(receiver: Served) -> None:
    signature = signed(event())

    answers = [receiver.post(event(), signature=signature) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert {name for _, name, *_ in heard(receiver, 3)} == {"evt_1"}


@pytest.mark.parametrize(
    "body",
    [
        event(event_type="v2.core.event_destination.ping", related_object={"type": "v2.core.event_destination"}),
        event(event_type="v2.core.event_destination.ping", related_object={"id": "ed_1", "type": "event_destination"}),
        event(event_type="v2.core.event_destination.ping", related_object=None),
        event(event_type="v9.nobody.knows.this"),
        json.dumps({"id": "evt_1", "object": "event", "type": "charge.succeeded", "data": {"object": {"id": "ch_1"}}}),
        "{}",
        "no JSON",
        "",
    ],
)
def test_what_leads_to_nothing_is_answered_well_so_that_it_does_not_come_again(receiver: Served, body: str) -> None:
    assert receiver.post(body).status_code == 200
    assert receiver.post(event("evt_after")).status_code == 200

    assert [name for _, name, *_ in heard(receiver, 1)] == ["evt_after"]
    assert not receiver.refusals.total


@pytest.mark.parametrize("excess", [1, 10_000_000])
def test_a_body_that_is_too_long_is_refused_and_not_read(receiver: Served, excess: int) -> None:
    """Its length says so: the answer comes though not one byte of it was sent."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {MOST_BODY_BYTES + excess}\r\n\r\n"

    assert b"413" in exchange(receiver, head.encode())
    assert receiver.refusals.total == {("acme", "too_large"): 1}


def test_a_body_that_grows_past_the_limit_is_refused_there(receiver: Served) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    part = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    assert b"413" in exchange(receiver, head, *[part] * 5)
    assert receiver.refusals.total == {("acme", "too_large"): 1}


def test_the_longest_body_is_taken(receiver: Served) -> None:
    body = event(note="")
    body = event(note="x" * (MOST_BODY_BYTES - len(body)))

    assert len(body) == MOST_BODY_BYTES
    assert receiver.post(body).status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(receiver: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BODY_S", 0.05)

    answer = exchange(receiver, f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbegun".encode())

    assert b"408" in answer
    assert receiver.refusals.total == {("acme", "too_slow"): 1}


def test_a_sender_that_goes_away_is_counted(receiver: Served) -> None:
    exchange(receiver, f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbegun".encode(), wait=False)

    wait_until(lambda: receiver.refusals.total == {("acme", "cut_off"): 1}, "it to be counted")


@pytest.mark.parametrize("sent", [b"", b"POST / HT", f"POST {PATH} HTTP/1.1\r\nHost: a\r\nStripe-".encode()])
def test_a_connection_that_says_nothing_is_closed(
    receiver: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(serving, "HEAD_S", 0.05)

    assert exchange(receiver, sent) == b""


def test_a_connection_is_closed_too_that_says_nothing_after_its_first_request(
    receiver: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(receiver) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        while not answer.endswith(b"ok\n"):
            answer += peer.recv(65_536)
        monkeypatch.setattr(serving, "HEAD_S", 0.05)
        peer.sendall(b"GET /hea")

        assert peer.recv(65_536) == b""


@pytest.mark.parametrize(
    "path", ["/webhooks/stripe/mute", "/webhooks/stripe/nobody", "/webhooks/stripe", f"{PATH}/", "/webhooks/", "/"]
)
def test_where_no_secret_is_there_is_no_route(receiver: Served, path: str) -> None:
    assert receiver.post(event(), path=path).status_code == 404
    assert receiver.client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_a_webhook_is_posted(receiver: Served, method: str) -> None:
    assert receiver.client.request(method, PATH).status_code == 405


def test_a_secret_that_is_rolled_in_its_file_is_known_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    time_s = [0.0]
    acme = connection("acme")
    object.__setattr__(acme, "webhook_secrets", (SecretRef.parse(f"secret://file/{file}"),))
    with served(acme, monotonic_s=lambda: time_s[0]) as one:
        assert one.post(event()).status_code == 200
        file.write_text(ROLLED)
        time_s[0] += 11
        assert one.post(event()).status_code == 400
        assert one.post(event(), secret=ROLLED).status_code == 200


def test_a_secret_that_cannot_be_read_any_more_makes_stripe_send_again(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    time_s = [0.0]
    acme = connection("acme")
    object.__setattr__(acme, "webhook_secrets", (SecretRef.parse(f"secret://file/{file}"),))
    with served(acme, monotonic_s=lambda: time_s[0]) as one:
        for _ in range(2):
            answer = one.post(event())
            assert answer.status_code == 503
            assert str(file) not in answer.text
        assert one.refusals.total == {("acme", "secret"): 2}
        file.write_text(SECRET)
        file.chmod(0o600)
        time_s[0] += 11
        assert one.post(event()).status_code == 200


def refused(receiver: Served, answer: Any) -> tuple[int, str]:
    """The status and the reason of what was refused alone, and that nothing of it was heard."""
    assert receiver.ear.heard == []
    ((name, reason),) = receiver.refusals.total
    assert name == "acme"
    assert receiver.refusals.total[name, reason] == 1
    assert answer.text.startswith("refused: ")
    assert SECRET not in answer.text
    return answer.status_code, reason


def connected(receiver: Served) -> socket.socket:
    host, port = receiver.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def exchange(receiver: Served, *parts: bytes, wait: bool = True) -> bytes:
    """Sends raw bytes; returns all that comes until the other side closes."""
    with connected(receiver) as peer:
        for part in parts:
            try:
                peer.sendall(part)
            except OSError:
                break  # it answered and closed already
        answer = b""
        while wait and (got := _receive(peer)):
            answer += got
        return answer


def _receive(peer: socket.socket) -> bytes:
    try:
        return peer.recv(65_536)
    except ConnectionResetError:
        return b""
