"""Makes the API alone an application, for somebody of this machine: what answers a client in its own process.

No door is in front of it: whoever calls it may do what the commands may.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from forebay.config.document.web_access import Role
from forebay.web.access.identity import STATE, Identity, KnownBy
from forebay.web.acts.act import Acts
from forebay.web.api.api_routes import api_routes
from forebay.web.api.end_watch import EndWatch
from forebay.web.api.operations.api_operation import Services
from forebay.web.api.readings import Readings
from forebay.web.api.watched import Watched
from forebay.web.api.work import Work


def create_api_application(
    readings: Readings, acts: Acts, work: Work, *, here: str, monotonic_s: Callable[[], float]
) -> ASGIApp:
    """Makes it; `here` is who asks. It waits for ends as long as it is asked to, since it is told of no stop."""
    watched = Watched(readings, monotonic_s)
    ends = EndWatch(watched.over, lambda: False)
    inner = Starlette(routes=api_routes(Services(watched=watched, acts=acts, work=work, ends=ends)))
    inner.router.redirect_slashes = False
    identity = Identity(name=here, role=Role.ADMIN, known_by=KnownBy.HERE)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope[STATE] = identity
        await inner(scope, receive, send)

    return answer
