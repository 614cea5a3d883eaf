"""Metrics on the port of the webhooks: only for who shows the token."""

from __future__ import annotations

import asyncio

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from forebay.metrics.exposition import CONTENT_TYPE
from forebay.web.metrics_route import metrics_route


def test_metrics_are_for_who_shows_the_token() -> None:
    asked: list[str] = []

    def text() -> str:
        asked.append("asked")
        return "up 1\n"

    application = Starlette(routes=[metrics_route(text, SecretStr("s3cret"))])

    async def ask(shown: str) -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://forebay") as client:
            return await client.get("/metrics", headers={"Authorization": shown})

    refused = asyncio.run(ask("Bearer wrong"))
    assert (refused.status_code, refused.headers["www-authenticate"], asked) == (401, "Bearer", [])
    answer = asyncio.run(ask("Bearer s3cret"))
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "up 1\n", CONTENT_TYPE)
