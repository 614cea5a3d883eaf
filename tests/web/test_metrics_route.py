"""Metrics on the port of the webhooks: only for who shows the token."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from forebay.config.document.web_access import WebAccess
from forebay.metrics.exposition import CONTENT_TYPE
from forebay.web.access.doorkeeper import Doorkeeper
from forebay.web.access.guard import Guard
from forebay.web.access.turned_away import TurnedAway
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


def test_the_token_is_all_that_is_asked_for_of_a_page_that_asks_who_comes() -> None:
    def at(_: object = None) -> datetime:
        return datetime(2026, 11, 29, tzinfo=UTC)

    inner = Starlette(routes=[metrics_route(lambda: "up 1\n", SecretStr("s3cret"))])
    doorkeeper = Doorkeeper(WebAccess(), here=None, now=at, monotonic_s=float)
    guarded = Guard(inner, doorkeeper, [], TurnedAway(float), by_password=False, guarded_elsewhere=["/metrics"])

    async def ask(path: str, shown: str) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://10.0.0.7") as client:
            return (await client.get(path, headers={"Authorization": shown})).status_code

    assert asyncio.run(ask("/metrics", "Bearer s3cret")) == 200
    assert asyncio.run(ask("/metrics", "")) == 401
    assert asyncio.run(ask("/", "Bearer s3cret")) == 421
