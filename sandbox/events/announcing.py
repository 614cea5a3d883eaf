"""Makes events of what happens to runs, with the faults that strike one on its way: missing, late, twice, bare.

Each change of a run comes here once, from lifecycle.py; what is announced by hand, from http/event_control.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.events.health import confess
from forebay.sandbox.events.pushing import push
from forebay.sandbox.events.thin_events import SandboxEvent, Subject
from forebay.sandbox.executing.run_times import parse_duration
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.runs import SandboxRun, Status
from forebay.sandbox.world import World


class RunChange(StrEnum):
    """What can become of a run, as the last word of an event's type."""

    CREATED = "created"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UPDATED = "updated"


def announce_created(world: World, run: SandboxRun, request_id: str) -> None:
    """Tells that a create made a run, and by which request: its idempotency key finds whose reply was lost."""
    request = {"id": request_id, "idempotency_key": run.idempotency_key}
    emit(world, _of_run(world, run, RunChange.CREATED, reason={"type": "request", "request": request}))


def announce_ended(world: World, run: SandboxRun) -> None:
    """Tells that a run ended, and how; for one that was canceled Stripe lists no type of its own."""
    if world.settings.event_updates:
        emit(world, _of_run(world, run, RunChange.UPDATED))
    if run.status is not Status.CANCELED:
        emit(world, _of_run(world, run, RunChange.SUCCEEDED if run.status is Status.SUCCEEDED else RunChange.FAILED))


def emit(world: World, event: SandboxEvent) -> None:
    """Lets an event be listed and pushed after its delay, as the faults want it."""
    strike = partial(world.faults.strike, Operation.EVENT, about=event.type)
    if strike(FaultName.EVENT_MISSING):
        world.events.missed[event.type] += 1
        if (after_s := world.settings.health_delay_s) is not None:
            _bring(world, confess(event, after_s=after_s), after_s)
        return
    if strike(FaultName.EVENT_AS_UPDATED):
        event = replace(event, type=f"{event.type.rpartition('.')[0]}.{RunChange.UPDATED}")
    if strike(FaultName.EVENT_WITHOUT_OBJECT):
        event = replace(event, subject=None)
    if strike(FaultName.EVENT_WITHOUT_REASON):
        event = replace(event, reason=None)
    late = strike(FaultName.EVENT_LATE)
    brought = [event]
    if strike(FaultName.EVENT_DOUBLED):
        brought.append(event)
    if strike(FaultName.EVENT_TWIN):
        brought.append(replace(event, id=f"{event.id}_twin"))
    for each in brought:
        _bring(world, each, late.delay_s if late else 0)


def event_time(world: World) -> datetime:
    """Reads the clock of events, to the millisecond, as `created` shows it."""
    moment = world.now() + timedelta(seconds=world.settings.event_clock_offset_s)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _bring(world: World, event: SandboxEvent, late_s: float) -> None:
    world.events.keep(event, seen_in_s=parse_duration(world.settings.event_delay).draw(world.event_dice) + late_s)
    push(world, event, late_s=late_s)


def _of_run(
    world: World, run: SandboxRun, change: RunChange, *, reason: Mapping[str, Any] | None = None
) -> SandboxEvent:
    return SandboxEvent(
        type=f"{run.api.object}.{change}",
        created_at=event_time(world),
        owner=run.owner,
        livemode=run.livemode,
        subject=Subject(id=run.id, type=run.api.object, url=f"{run.api.path}/{run.id}"),
        reason=reason,
        whole=_whole(run, change),
    )


def _whole(run: SandboxRun, change: RunChange) -> dict[str, Any]:
    """Gives what a fetched event says beside: Stripe types no `data` and no `changes` for the data dialect."""
    told = run.api is SandboxApi.REPORTING and change in (RunChange.SUCCEEDED, RunChange.FAILED)
    return {"changes": _changes(run)} if told else {}


def _changes(run: SandboxRun) -> dict[str, Any]:
    after: dict[str, Any] = {"status": run.status.value}
    if run.failure:
        failed = {"error_code": run.failure.code, "error_message": run.failure.message}
        after["status_details"] = {Status.FAILED.value: failed}
    return {"before": {"status": Status.RUNNING.value}, "after": after}
