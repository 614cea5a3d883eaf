"""Each request that the client can make is one that the API takes: its path, its parameters, its body."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from forebay.web.api.api_routes import PREFIX
from forebay.web.api.operations.api_operation import ApiOperation
from forebay.web.api.operations.operations import OPERATIONS
from forebay_client import BatchHandle, Client, ForebayError, LandedResult

RUN = LandedResult(
    batch="b1", lane="acme:test", index=0, name="q", account=None, url="s3://b/q.csv", format="csv", bytes=1,
    sha256="00", records=1, columns=(), manifest={},
)  # fmt: skip
TERMS: dict[str, Any] = {
    "to": "s3://b/p", "format": "csv", "connection": "acme", "flow_class": "scheduled", "weight": 2.0, "ceiling": 3,
}  # fmt: skip
#: Each way in which a user calls it, with all that may be said.
CALLS: dict[str, Callable[[Client], object]] = {
    "queries": lambda client: client.submit({"q": "SELECT 1"}, key="k", account="acct_1", **TERMS),
    "definition": lambda client: client.submit(
        "daily", window="2026-11-26", params={"n": 1}, fresh=True, again=True, **TERMS
    ),
    "batches": lambda client: client.batches(state="landed", since="2026-11-01", q="x", extract="daily", limit=3),
    "extracts": lambda client: client.extracts(),
    "extract": lambda client: client.extract("daily", windows=3),
    "window": lambda client: client.window("daily", "2026-11-26"),
    "pause_extract": lambda client: client.pause_extract("daily", why="w"),
    "resume_extract": lambda client: client.resume_extract("daily", why="w"),
    "backfill": lambda client: client.backfill("daily", start="2026-11-01", end="2026-12-01", why="w"),
    "preview_backfill": lambda client: client.preview_backfill("daily", start="2026-11-01", end="2026-12-01"),
    "stop_backfill": lambda client: client.stop_backfill("20261130T070000Z-0a0b0c", why="w"),
    "deed": lambda client: client.deed("20261130T070000Z-0a0b0c"),
    "lanes": lambda client: client.lanes(),
    "pause_lane": lambda client: client.pause_lane("acme:test", why="w"),
    "resume_lane": lambda client: client.resume_lane("acme:test", why="w"),
    "limit_lane": lambda client: client.limit_lane("acme:test", why="w", cap=3, margin=1, creates_per_s=2.5),
    "costs": lambda client: client.costs(
        "definition", "day", since="2026-11-01", until="2026-12-01", definition="d", connection="c", account="a"
    ),
}
OF_A_BATCH: dict[str, Callable[[BatchHandle], object]] = {
    "status": lambda batch: batch.status(),
    "wait": lambda batch: batch.wait(50),
    "runs": lambda batch: list(batch.runs(state="landed,failed", q="x")),
    "results": lambda batch: list(batch.results()),
    "failures": lambda batch: batch.failures(),
    "links": lambda batch: batch.links(RUN, expires_s=60),
    "retry": lambda batch: batch.retry(cause="sql", account="a", name="n", why="w"),
    "preview_retry": lambda batch: batch.preview_retry(cause="sql", account="a", name="n"),
    "cancel": lambda batch: batch.cancel(why="w"),
    "preview_cancel": lambda batch: batch.preview_cancel(),
    "pause": lambda batch: batch.pause(why="w"),
    "resume": lambda batch: batch.resume(why="w"),
    "change": lambda batch: batch.change(flow_class="backfill", why="w"),
}


def asked_by(call: Callable[[Client], object]) -> httpx.Request:
    """The request that a call makes first; it is refused, which ends the call."""
    asked: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(400, json={"title": "a test", "exit": 2})

    with Client("http://x", transport=httpx.MockTransport(refuse)) as client, pytest.raises(ForebayError):
        call(client)
    return asked[0]


def operation_of(request: httpx.Request) -> ApiOperation:
    for operation in OPERATIONS:
        pattern = re.sub(r"\{\w+\}", "[^/]+", PREFIX + operation.path)
        if operation.method == request.method and re.fullmatch(pattern, request.url.path):
            return operation
    raise AssertionError(f"the API takes no {request.method} {request.url.path}")


@pytest.mark.parametrize("name", [*CALLS, *OF_A_BATCH])
def test_a_request_is_one_that_the_api_takes(name: str) -> None:
    request = asked_by(CALLS.get(name) or (lambda client: OF_A_BATCH[name](client.batch("b1"))))
    operation = operation_of(request)

    assert set(request.url.params) <= {parameter.name for parameter in operation.parameters}
    if operation.forms:
        given = json.loads(request.content)
        (form,) = [form for form in operation.forms if len(operation.forms) == 1 or set(given) & set(_own(form))]
        form.model_validate(given)


def _own(form: Any) -> set[str]:
    """What a form cannot do without: of several bodies these tell which is meant."""
    return {name for name, field in form.model_fields.items() if field.is_required()}


def test_each_method_is_called() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(Client) - {"submit", "batch", "close"} == set(CALLS) - {"queries", "definition"}
    assert methods(BatchHandle) - {"take_up"} == set(OF_A_BATCH), "it asks what others of these do"
