"""Makes the ASGI application: the world is built when it starts and closed when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from forebay.sandbox.http import data_api, destinations_api, events_api, reporting_api, schemas_api
from forebay.sandbox.http.api import broken, unknown_route
from forebay.sandbox.http.files import downloads
from forebay.sandbox.http.steering import control, event_control
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.world import build_world


def create_app(settings: SandboxSettings) -> Starlette:
    """Makes the application of a sandbox with these settings."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.world = await asyncio.to_thread(build_world, settings)
        try:
            yield
        finally:
            await app.state.world.close()

    return Starlette(
        routes=[
            *reporting_api.ROUTES,
            *data_api.ROUTES,
            *schemas_api.ROUTES,
            *events_api.ROUTES,
            *destinations_api.ROUTES,
            *downloads.ROUTES,
            *control.ROUTES,
            *event_control.ROUTES,
        ],
        lifespan=lifespan,
        exception_handlers={404: unknown_route, 405: unknown_route, 500: broken},
    )
