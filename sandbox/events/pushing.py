"""Sends events to the webhook, as Stripe does: thin, signed anew at each try, at least once, in no order.

A delivery is a task of its own (outbox.py), which sleeps until its event is due and between its tries. Whatever is not
2xx has failed, redirects too.
"""

import asyncio
from functools import partial

import httpcore

from forebay.sandbox.events.parcels import HOSTILE, Parcel, Postage, pack, pack_hostile
from forebay.sandbox.events.thin_events import SandboxEvent
from forebay.sandbox.executing.run_times import parse_duration
from forebay.sandbox.faults import Fault, FaultName, Operation
from forebay.sandbox.world import World

_NO_ANSWER = "no_answer"


def push(world: World, event: SandboxEvent, *, late_s: float) -> None:
    """Sends an event after its delay and so many seconds, with what faults want beside it; if there is a webhook."""
    if world.settings.webhook is None:
        return
    strike = partial(world.faults.strike, Operation.WEBHOOK, about=event.type)
    launch = world.outbox.launch
    delay_s = parse_duration(world.settings.webhook_delay).draw(world.event_dice) + late_s
    for name in HOSTILE:
        if fault := strike(name):
            launch(_attack(world, event, fault, delay_s))
    if strike(FaultName.WEBHOOK_LOST):
        world.outbox.lost += 1
        return
    if late := strike(FaultName.WEBHOOK_LATE):
        delay_s += late.delay_s
    launch(_deliver(world, event, "event", delay_s, replayed=strike(FaultName.WEBHOOK_REPLAYED)))
    if strike(FaultName.WEBHOOK_DOUBLED):
        launch(_deliver(world, event, "doubled", delay_s, replayed=None))


async def _deliver(world: World, event: SandboxEvent, kind: str, delay_s: float, *, replayed: Fault | None) -> None:
    await asyncio.sleep(delay_s)
    tries, wait_s = world.settings.webhook_tries, world.settings.webhook_retry_s
    for tried in range(tries):
        parcel = pack(kind, event, _postage(world))
        if await _post(world, parcel):
            break
        if tried + 1 < tries:
            await asyncio.sleep(wait_s * 2**tried)
    else:
        world.outbox.given_up += 1
        return
    if replayed:
        await asyncio.sleep(replayed.delay_s)
        await _post(world, Parcel(kind="replayed", body=parcel.body, signature=parcel.signature))


async def _attack(world: World, event: SandboxEvent, fault: Fault, delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    await _post(world, pack_hostile(fault, event, _postage(world), dice=world.event_dice))


def _postage(world: World) -> Postage:
    return Postage(
        secrets=[secret.get_secret_value() for secret in world.settings.webhook_secrets],
        now_s=int(world.now().timestamp()),
        envelope=world.settings.webhook_envelope,
    )


async def _post(world: World, parcel: Parcel) -> bool:
    """Sends it once; says whether it was taken."""
    outbox, settings = world.outbox, world.settings
    if settings.webhook is None:  # taken away meanwhile
        return False
    headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(parcel.body))),
        ("Stripe-Signature", parcel.signature),
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
    ]
    try:
        async with outbox.turns, asyncio.timeout(settings.webhook_timeout_s):
            answer = await outbox.pool.request("POST", settings.webhook, headers=headers, content=parcel.body)
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, TimeoutError):
        outbox.answered(parcel.kind, _NO_ANSWER)
        return False
    outbox.answered(parcel.kind, str(answer.status))
    return 200 <= answer.status <= 299
