"""Events of both generations, and webhooks' signatures, as stripe==16.1.0a4 reads them."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from stripe import WebhookSignature

from forebay.events.signature import verify
from forebay.events.stripe_event import SWEPT_TYPES, EventKind, kind_of, read_event
from tests.clients.a4 import A4, KEY, Refused
from tests.clients.generations import GENERATIONS, Generation
from tests.clients.judging import faults
from tests.sandbox.driver import Api
from tests.sandbox.receiver import Received, Receiver, receiving

SECRET = "whsec_of_a4"
EVENT = "v2.core.events"
NOW_S = 1_795_000_000

each_generation = pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)


def told(a4: A4, api: Api, body: str | bytes, signature: str | None, *, secret: str | None, fetch: bool = False) -> Any:
    text = body if isinstance(body, str) else body.decode()
    how = {"key": KEY, "secret": secret, "signature": signature, "tolerance": 300, "fetch": fetch}
    return a4.ask("notification", url=api.url, body=text, **how)


def named(family: str, word: str) -> str:
    """The name of the client's class for a type of events."""
    return "".join(part.capitalize() for part in f"{family}.{word}".replace("_", ".").split(".")) + "Event"


@pytest.fixture
def receiver(api: Api) -> Iterator[Receiver]:
    with receiving() as receiver:
        api.control(webhook=receiver.url, webhook_secrets=[SECRET], webhook_delay=0, webhook_retry_s=0)
        yield receiver
        api.http.post("/sandbox/reset")


def ends_with(got: list[Received], word: str) -> Received:
    (found,) = (one for one in got if one.event["type"].endswith(f".{word}"))
    return found


def test_the_types_of_events_that_the_client_knows_of_runs_are_ours(a4: A4) -> None:
    theirs = {name for name in a4.ask("types_of_events") if name.startswith("v2.data.")}
    ours = {name for name in SWEPT_TYPES if name.startswith("v2.data.")}

    assert EventKind.OTHER not in {kind_of(read_event({"id": "evt_1", "type": name})) for name in theirs}
    assert ours == {name for name in theirs if not name.endswith(".created")}


def test_what_else_we_know_the_client_knows(a4: A4) -> None:
    theirs = a4.ask("types_of_events")

    assert {name for name in SWEPT_TYPES if not name.startswith("v2.data.")} <= set(theirs)
    assert "v2.core.event_destination.ping" in theirs


@each_generation
def test_a_webhook_becomes_the_notification_of_its_type_and_leads_to_its_event_and_run(
    generation: Generation, a4: A4, api: Api, receiver: Receiver
) -> None:
    run = generation.ended(a4, api)
    got = ends_with(receiver.wait_for(2), "succeeded")

    shown = told(a4, api, got.body, got.signature, secret=SECRET, fetch=True)

    assert shown["class"] == named(generation.family, "succeeded") + "Notification"
    assert shown["related_object"] == got.event["related_object"]
    assert shown["related_object"]["id"] == run.fields["id"]
    assert shown["context"] == "acct_sandbox0001"
    assert shown["fetched"]["class"] == generation.type
    assert shown["fetched"]["fields"]["id"] == run.fields["id"]
    assert shown["event"]["class"].endswith("." + named(generation.family, "succeeded"))


@each_generation
@pytest.mark.parametrize("word", ["succeeded", "failed"])
def test_a_fetched_event_has_every_field_that_the_client_declares(
    generation: Generation, a4: A4, api: Api, word: str
) -> None:
    generation.ended(a4, api, "SELECT 1" if word == "succeeded" else "SELECT 1 / (amount - amount) FROM charges")
    (listed,) = a4.pages(api.url, f"{EVENT}.list", {"types": [f"{generation.family}.{word}"]})

    event = a4.call(api.url, f"{EVENT}.retrieve", listed.fields["id"])

    assert event.kind.endswith("." + named(generation.family, word))
    # A snapshot is the other payload of an event that has two, which these have not.
    missing = {"snapshot_event"} | ({"changes"} if "changes" not in event.fields else set())
    assert list(faults(event.fields, a4.described(event.kind), absent=frozenset(missing))) == []


@each_generation
def test_a_created_event_names_the_request_and_its_key(generation: Generation, a4: A4, api: Api) -> None:
    run = generation.ended(a4, api, "SELECT 1", {"idempotency_key": "k"})

    (event,) = a4.pages(api.url, f"{EVENT}.list", {"types": [f"{generation.family}.created"]})

    assert event.fields["reason"]["type"] == "request"
    assert event.fields["reason"]["request"]["idempotency_key"] == "k"
    assert event.fields["related_object"]["id"] == run.fields["id"]


@each_generation
def test_events_are_listed_over_all_pages_by_the_clients_own_filters(generation: Generation, a4: A4, api: Api) -> None:
    run = generation.ended(a4, api)
    api.make_event("v2.core.account.updated", count=3)
    generation.ended(a4, api)
    kinds = [f"{generation.family}.{word}" for word in ("created", "succeeded", "failed", "updated")]
    # Runs of one generation are dated finer than events, which are by the millisecond.
    since = f"{run.fields['created'][:23].rstrip('Z')}Z"
    wanted = {"types": kinds, "created": {"gte": since}, "limit": 1}

    events = a4.pages(api.url, f"{EVENT}.list", wanted)

    assert [event.fields["type"].rpartition(".")[2] for event in events] == ["succeeded", "created"] * 2
    (mine,) = a4.pages(api.url, f"{EVENT}.list", {"types": kinds[:1], "object_id": run.fields["id"]})
    assert mine.fields["related_object"]["id"] == run.fields["id"]


def test_a_list_that_the_key_may_not_see_is_a_permission_error(a4: A4, api: Api) -> None:
    with pytest.raises(Refused) as caught:
        a4.pages(api.url, f"{EVENT}.list", key="rk_test_noevents_a4")

    assert (caught.value.kind, caught.value.status) == ("PermissionError", 403)


@each_generation
@pytest.mark.parametrize("envelope", ["none", "event_bridge", "cloud_event"])
def test_a_queues_envelope_is_unwrapped_by_the_client(
    generation: Generation, a4: A4, api: Api, receiver: Receiver, envelope: str
) -> None:
    api.control(webhook_envelope=envelope)
    run = generation.ended(a4, api)
    got = receiver.wait_for(2)

    shown = [told(a4, api, one.body, None, secret=None) for one in got]

    assert {each["type"] for each in shown} == {f"{generation.family}.{word}" for word in ("created", "succeeded")}
    assert {each["related_object"]["id"] for each in shown} == {run.fields["id"]}


@each_generation
def test_another_secret_is_a_signature_error(generation: Generation, a4: A4, api: Api, receiver: Receiver) -> None:
    generation.ended(a4, api)
    got = ends_with(receiver.wait_for(2), "succeeded")

    with pytest.raises(Refused) as caught:
        told(a4, api, got.body, got.signature, secret="whsec_another")

    assert caught.value.kind == "SignatureVerificationError"


def test_what_the_client_signs_is_believed_and_is_what_the_other_version_signs(a4: A4) -> None:
    body = json.dumps({"id": "evt_1", "note": "Zoë"}, ensure_ascii=False)

    signed = a4.ask("signature", body=body, secret=SECRET, at_s=NOW_S)

    assert signed == WebhookSignature.generate_signature_header(body, SECRET, NOW_S)
    verify(body.encode(), [signed], [SecretStr(SECRET)], NOW_S)


def test_while_a_secret_is_rolled_the_client_takes_either(a4: A4, api: Api, receiver: Receiver) -> None:
    api.control(webhook_secrets=["whsec_new", SECRET])
    api.make_event("v2.core.event_destination.ping")
    (got,) = receiver.wait_for(1)

    for secret in ("whsec_new", SECRET):
        shown = told(a4, api, got.body, got.signature, secret=secret)
        assert shown["class"] == "V2CoreEventDestinationPingEventNotification"


def test_a_stale_signature_is_refused_by_the_client_as_by_us(a4: A4, api: Api) -> None:
    body = json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v2.a.b", "created": "", "livemode": False})
    old = a4.ask("signature", body=body, secret=SECRET, at_s=int(time.time()) - 400)

    with pytest.raises(Refused) as caught:
        told(a4, api, body, old, secret=SECRET)

    assert caught.value.kind == "SignatureVerificationError"
