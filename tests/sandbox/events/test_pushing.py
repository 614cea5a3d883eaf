"""Webhooks, as a receiver meets them: Stripe's own client judges the signatures."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.driver import Api, eventually
from tests.sandbox.receiver import Received, Receiver, receiving

SECRET = "whsec_of_the_tests"
CLIENT = stripe.StripeClient("sk_test_x")
LASTING = "SELECT 1 -- sandbox: duration=60"


@pytest.fixture
def receiver(api: Api) -> Iterator[Receiver]:
    with receiving() as receiver:
        api.control(webhook=receiver.url, webhook_secrets=[SECRET], webhook_delay=0, webhook_retry_s=0)
        yield receiver
        api.http.post("/sandbox/reset")


def accepted(received: Received, *secrets: str, tolerance: int = 300) -> bool:
    """Whether Stripe's client takes it with one of the secrets, which must be all the same to it."""
    judged = []
    for secret in secrets or (SECRET,):
        try:
            CLIENT.parse_event_notification(received.body, received.signature, secret, tolerance)
        except stripe.SignatureVerificationError:
            judged.append(False)
        else:
            judged.append(True)
    (judgement,) = set(judged)
    return judgement


def sent(api: Api) -> Any:
    return api.counts()["webhooks"]["sent"]


def test_each_event_is_sent_thin_and_signed(api: Api, receiver: Receiver) -> None:
    api.run()
    got = receiver.wait_for(2)
    assert sorted((one.event for one in got), key=str) == sorted(api.event_list(), key=str)
    assert all(accepted(one) for one in got)
    assert not any(accepted(one, "whsec_another") for one in got)
    assert {one.headers["Content-Type"] for one in got} == {"application/json; charset=utf-8"}
    assert sent(api) == {"event": {"200": 2}}


def test_stripes_client_makes_of_it_the_event_of_its_type(api: Api, receiver: Receiver) -> None:
    run = api.run()
    (got,) = (one for one in receiver.wait_for(2) if one.event["type"].endswith("succeeded"))
    told = CLIENT.parse_event_notification(got.body, got.signature, SECRET)
    assert type(told).__name__ == "V2DataReportingQueryRunSucceededEventNotification"
    assert told.related_object.id == run["id"]  # type: ignore[union-attr]
    assert str(told.context) == "acct_sandbox0001"


def test_while_a_secret_is_rolled_each_that_is_good_signs(api: Api, receiver: Receiver) -> None:
    api.control(webhook_secrets=f"whsec_new, {SECRET}")
    api.make_event()
    (got,) = receiver.wait_for(1)
    assert accepted(got, SECRET, "whsec_new")
    api.control(webhook_secrets=["whsec_new"])
    api.make_event()
    assert not accepted(receiver.wait_for(2)[1])


def test_what_is_refused_is_sent_again_signed_anew(api: Api, receiver: Receiver) -> None:
    api.control(webhook_retry_s=1.01)
    receiver.statuses = [500]
    api.make_event()
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert first.signature != second.signature
    eventually(lambda: sent(api) == {"event": {"500": 1, "200": 1}})


@pytest.mark.parametrize("status", [302, 400, 404, 503])
def test_whatever_is_not_2xx_is_tried_three_times_and_given_up(api: Api, receiver: Receiver, status: int) -> None:
    receiver.statuses = [status] * 3
    api.make_event()
    eventually(lambda: api.counts()["webhooks"]["given_up"] == 1)
    assert len(receiver.got) == 3
    assert sent(api) == {"event": {str(status): 3}}


def test_who_does_not_answer_is_asked_again_too(api: Api, receiver: Receiver) -> None:
    receiver.held.clear()
    api.control(webhook_timeout_s=0.05, webhook_tries=2)
    api.make_event()
    eventually(lambda: api.counts()["webhooks"]["given_up"] == 1)
    assert sent(api) == {"event": {"no_answer": 2}}
    api.control(webhook="http://127.0.0.1:9/nobody")
    api.make_event()
    eventually(lambda: sent(api) == {"event": {"no_answer": 4}})


def test_a_receiver_that_hangs_holds_up_neither_the_api_nor_the_sandboxs_end(api: Api, receiver: Receiver) -> None:
    receiver.held.clear()
    for _ in range(50):
        api.run()
    assert api.counts()["webhooks"]["on_their_way"] == 100
    api.http.post("/sandbox/reset").raise_for_status()
    assert api.counts()["webhooks"]["on_their_way"] == 0


def test_what_a_receiver_does_not_take_in_time_is_dropped_beyond_a_bound(api: Api, receiver: Receiver) -> None:
    api.control(webhook_delay=60)
    for _ in range(2):
        api.make_event(count=5_001)
    webhooks = api.counts()["webhooks"]
    assert (webhooks["on_their_way"], webhooks["dropped"]) == (10_000, 2)


def test_an_event_is_sent_after_its_delay(api: Api, receiver: Receiver) -> None:
    api.control(webhook_delay=60)
    api.make_event("v2.a.late")
    api.control(webhook_delay="fixed:0")
    api.make_event("v2.a.prompt")
    (got,) = receiver.wait_for(1)
    assert got.event["type"] == "v2.a.prompt"


def test_without_a_webhook_nothing_is_sent(api: Api, receiver: Receiver) -> None:
    api.control(webhook=None)
    api.run()
    assert api.counts()["webhooks"] == {"sent": {}, "on_their_way": 0, "lost": 0, "dropped": 0, "given_up": 0}


def test_a_ping_is_sent_as_any_event(api: Api, receiver: Receiver) -> None:
    api.make_event("v2.core.event_destination.ping", object_type="event_destination")
    (got,) = receiver.wait_for(1)
    assert accepted(got)
    assert got.event["related_object"]["type"] == "event_destination"


def test_a_body_can_be_wrapped_as_a_queue_would_and_is_signed_all_the_same(api: Api, receiver: Receiver) -> None:
    api.control(webhook_envelope="event_bridge")
    (made,) = api.make_event()
    (got,) = receiver.wait_for(1)
    assert got.event["detail"]["id"] == made
    assert stripe.WebhookSignature.verify_header(got.body, got.signature, SECRET, 300)


def test_a_share_can_be_lost_and_is_listed_all_the_same(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_lost", event_type="succeeded")
    api.run()
    (got,) = receiver.wait_for(1)
    assert got.event["type"].endswith("created")
    assert len(api.event_list()) == 2
    assert api.counts()["webhooks"]["lost"] == 1


def test_an_event_that_is_missing_is_not_sent_and_one_with_two_ids_is_sent_twice(api: Api, receiver: Receiver) -> None:
    api.fault("event_missing")
    api.make_event()
    api.fault("event_twin")
    api.make_event()
    first, second = (one.event["id"] for one in receiver.wait_for(2))
    assert first != second


def test_an_event_can_be_sent_twice(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_doubled")
    api.make_event()
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert accepted(first) and accepted(second)
    eventually(lambda: sent(api) == {"event": {"200": 1}, "doubled": {"200": 1}})


def test_an_event_can_be_overtaken(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_late", delay_s=0.2, times=1)
    api.make_event("v2.a.first")
    api.make_event("v2.a.second")
    assert [one.event["type"] for one in receiver.wait_for(2)] == ["v2.a.second", "v2.a.first"]


def test_a_delivery_can_be_replayed_byte_for_byte(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_replayed", delay_s=1.01)
    api.make_event()
    first, second = receiver.wait_for(2)
    assert (first.body, first.signature) == (second.body, second.signature)


@pytest.mark.parametrize("name", ["forged", "tampered", "stale"])
def test_what_must_not_be_believed_comes_beside_the_event_and_once(api: Api, receiver: Receiver, name: str) -> None:
    def refuse_what_is_false_and_the_first_that_is_true(received: Received) -> int:
        return 200 if accepted(received) and any(accepted(one) for one in receiver.got) else 400

    receiver.judge = refuse_what_is_false_and_the_first_that_is_true
    api.fault(f"webhook_{name}")
    api.make_event()
    assert Counter(accepted(one) for one in receiver.wait_for(3)) == {True: 2, False: 1}
    eventually(lambda: api.counts()["webhooks"]["on_their_way"] == 0)
    assert sent(api) == {"event": {"400": 1, "200": 1}, name: {"400": 1}}


@pytest.mark.parametrize("name", ["forged", "tampered"])
def test_what_is_made_up_says_that_a_run_ended_which_runs(api: Api, receiver: Receiver, name: str) -> None:
    api.fault(f"webhook_{name}")
    run_id = api.create(LASTING).json()["id"]
    (false,) = (one.event for one in receiver.wait_for(2) if not accepted(one))
    assert (false["type"].rpartition(".")[2], false["related_object"]["id"]) == ("succeeded", run_id)


def test_what_is_stale_was_signed_as_it_should_be(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_stale", skew_s=301)
    api.make_event()
    (stale,) = (one for one in receiver.wait_for(2) if not accepted(one))
    assert accepted(stale, tolerance=400)


def test_a_timestamp_can_be_far_ahead_which_stripes_client_lets_pass(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_future", skew_s=86400)
    api.make_event()
    first, second = (int(one.signature.partition(",")[0].removeprefix("t=")) for one in receiver.wait_for(2))
    assert 86390 < abs(first - second) < 86410
    assert all(accepted(one) for one in receiver.got)


def test_nonsense_can_be_well_signed(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_nonsense")
    api.make_event(count=30)
    got = receiver.wait_for(60)
    assert {b"", b"[]", b"null"} < {one.body for one in got}
    signed = [
        stripe.WebhookSignature.verify_header(one.body, one.signature, SECRET, 300) for one in got if is_text(one)
    ]
    assert all(signed)


def is_text(one: Received) -> bool:
    return b"\xff" not in one.body  # which Stripe's client cannot verify


def test_a_body_can_be_oversized(api: Api, receiver: Receiver) -> None:
    api.fault("webhook_oversized")
    api.make_event()
    assert max(len(one.body) for one in receiver.wait_for(2)) > 2_000_000
    assert all(accepted(one) for one in receiver.got)


def test_the_secret_is_on_no_page(api: Api, receiver: Receiver) -> None:
    for page in ("/sandbox/control", "/sandbox/counts", "/"):
        assert SECRET not in api.http.get(page).text
    api.control(cap=3)
    api.make_event()
    (got,) = receiver.wait_for(1)
    assert accepted(got)
