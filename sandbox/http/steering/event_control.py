"""Serves POST /sandbox/events: an event by hand, of any type and about anything, as often as is asked.

So come what no run brings: a ping, an event of some other product, one about a run that nobody made, two thousand at
once.
"""

import json
import secrets
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.sandbox.events.announcing import emit, event_time
from forebay.sandbox.events.thin_events import SandboxEvent, Subject
from forebay.sandbox.http.callers import ORGANIZATION
from forebay.sandbox.world import World

_DESTINATION = "v2.core.event_destination"
_PING = f"{_DESTINATION}.ping"


class _Order(BaseModel):
    """What a hand-made event says."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(min_length=1)
    object_id: str | None = None
    """Of the object that it is about; none has no `related_object`, except that a ping is about its destination."""
    object_type: str | None = None
    """Unset is the event's own without its last word."""
    account: str | None = None
    """Unset is the first; `organization` is the organization itself."""
    livemode: bool = False
    count: int = Field(1, ge=1, le=10_000)
    data: dict[str, Any] | None = None
    """Shown when it is fetched by its id."""


async def _make(request: Request) -> Response:
    world: World = request.app.state.world
    try:
        order = _Order.model_validate(json.loads(await request.body()))
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        return _refuse(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except ValueError:
        return _refuse('send a JSON object: {"type": …, "object_id": …, "count": …}')
    owner = _owner(world, order.account)
    if owner is None:
        return _refuse(f"account: there is no account {order.account}")
    made = [_event(world, order, owner) for _ in range(order.count)]
    for event in made:
        emit(world, event)
    return JSONResponse({"ids": [event.id for event in made]})


ROUTES = [Route("/sandbox/events", _make, methods=["POST"])]


def _owner(world: World, account: str | None) -> str | None:
    if account in ("organization", ORGANIZATION):
        return ORGANIZATION
    named = account or world.accounts[0]
    return named if named in world.accounts else None


def _event(world: World, order: _Order, owner: str) -> SandboxEvent:
    return SandboxEvent(
        type=order.type,
        created_at=event_time(world),
        owner=owner,
        livemode=order.livemode,
        subject=_subject(order),
        whole={"data": order.data} if order.data else {},
    )


def _subject(order: _Order) -> Subject | None:
    object_type = order.object_type or order.type.rpartition(".")[0]
    object_id = order.object_id or (f"ed_test_{secrets.token_hex(8)}" if order.type == _PING else None)
    if object_id is None:
        return None
    path = f"{_DESTINATION}s" if object_type in (_DESTINATION, "event_destination") else f"{object_type}s"
    return Subject(id=object_id, type=object_type, url=f"/{path.replace('.', '/')}/{object_id}")


def _refuse(message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status_code=400)
