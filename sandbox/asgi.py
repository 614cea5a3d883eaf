"""The ASGI application: the world is built when it starts and closed when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from forebay.sandbox import control, downloads
from forebay.sandbox import reporting_api as reporting
from forebay.sandbox.api import broken, unknown_route
from forebay.sandbox.options import SandboxSettings
from forebay.sandbox.world import build_world


def create_app(settings: SandboxSettings) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.world = await asyncio.to_thread(build_world, settings)
        try:
            yield
        finally:
            await app.state.world.close()

    return Starlette(
        routes=[*reporting.ROUTES, *downloads.ROUTES, *control.ROUTES],
        lifespan=lifespan,
        exception_handlers={404: unknown_route, 405: unknown_route, 500: broken},
    )
