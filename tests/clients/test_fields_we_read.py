"""Each field that Stripe's clients declare is read by us, or stands here with the reason why not.

It is found out by reading: a field is read if something else is made of a reply in which it alone differs, or lacks.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from forebay.config.stripe import Api
from forebay.events.stripe_event import read_event
from forebay.queryrun.dialects import DIALECTS
from forebay.queryrun.errors import ProviderError
from forebay.queryrun.lists.schemas_page import read_schemas_page
from tests.clients.a4 import A4
from tests.clients.judging import Described, values
from tests.clients.sdk_types import described
from tests.clients.wire_samples import leaves, reply

INLINE = "rows come as a file, never in the reply: `include` is not sent"
CLIENT = "who sent a create is shown where `include` asks for it, which it never does"
REPORTS = "reports are another product"
PARAMETERS = {
    Api.REPORTING: "stripe.params.v2.data.reporting.QueryRunCreateParams",
    Api.DATA: "stripe.params.v2.data.QueryRunCreateParams",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What we read, by whom, and what we don't."""

    type: str
    """As Stripe's client calls it."""
    read: Callable[[Any], Any]
    """Makes something of an object's JSON."""
    ignored: Mapping[str, str]
    """Fields of which nothing is made, and why."""


def query_run_reader(api: Api, of_type: str, ignored: Mapping[str, str]) -> Reader:
    def parse(body: Any) -> Any:
        return DIALECTS[api].parse(json.dumps(body).encode(), request_id=None)

    alike = {
        "object": "the path that was asked says it",
        "result_options.compress_file": "what the bytes are in is seen in the bytes",
    }
    return Reader(type=of_type, read=parse, ignored={**alike, **ignored})


def table_of(body: Any) -> Any:
    page = json.dumps({"data": [body], "next_page_url": None}).encode()
    return read_schemas_page(page, api_base="https://api.stripe.com", request_id=None).tables


READERS: Mapping[str, Reader] = {
    "reporting": query_run_reader(
        Api.REPORTING,
        "stripe.v2.data.reporting.QueryRun",
        {"result.type": "a result that is no file has no URL, and that is what counts"},
    ),
    "data": query_run_reader(
        Api.DATA,
        "stripe.v2.data.QueryRun",
        {
            "dataset": "there is one, which every create names",
            "format": "there is one, which every create names",
            "result.col_count": "the columns are named one by one, and the header is counted where it is read",
            "result.inline.columns[].name": INLINE,
            "result.inline.columns[].type": INLINE,
            "result.inline.next_page_url": INLINE,
            "result.inline.previous_page_url": INLINE,
            "result.inline.rows[].data": INLINE,
            "status_details.canceled_at": "when a run ended is known from the look that saw it, for each status alike",
        },
    ),
    "schemas": Reader(
        type="stripe.v2.data.Schema",
        read=table_of,
        ignored={
            "id": "SQL names a table by its name",
            "object": "the path that was asked says it",
            "dataset": "the list is asked for the one that there is",
            "extended_description": "a text for models",
            "livemode": "both modes have the same tables",
            "relevant_reports[].description": REPORTS,
            "relevant_reports[].id": REPORTS,
            "relevant_reports[].name": REPORTS,
            "columns[].foreign_keys_from[].column": "the column that refers says so: foreign_keys_to",
            "columns[].foreign_keys_from[].schema": "the column that refers says so: foreign_keys_to",
        },
    ),
    "event": Reader(
        type="stripe.events.V2DataQueryRunSucceededEvent",
        read=read_event,
        ignored={
            "object": "only events come where events are read",
            "changes": "an event is never fetched: a look at its object says more",
            "snapshot_event": "events of the other sort are not read",
            "reason.type": "who sent a create knows",
            "reason.request.id": "who sent a create knows",
            "reason.request.idempotency_key": "a create without an answer is settled by sending its key again",
            "reason.request.client.type": CLIENT,
            "reason.request.client.api_key.id": CLIENT,
            "reason.request.client.dashboard_user.email": CLIENT,
            "reason.request.client.dashboard_user.ip_address": CLIENT,
            "reason.request.client.dashboard_user.machine_identifier": CLIENT,
            "reason.request.client.stripe_action": CLIENT,
            "related_object.type": "the id says of what it is",
            "related_object.url": "where an object is we know; a URL that somebody sent is not followed",
        },
    ),
}


def is_read(reader: Reader, whole: Described, path: str) -> bool:
    """Whether something else is made of a reply in which this field differs or lacks, whatever its status."""
    statuses = [value for of, value in values(whole) if of == "status"] or [""]
    return any(
        made(reader, reply(whole, status)) != made(reader, reply(whole, status, **{how: path}))
        for status in statuses
        for how in ("otherwise", "gone")
    )


def made(reader: Reader, body: Any) -> Any:
    """What is made of a reply; a sentence if nothing can be."""
    try:
        return reader.read(body)
    except (ProviderError, ValueError) as exc:
        return str(exc)


def unread(reader: Reader, whole: Described) -> set[str]:
    return {path for path in leaves(whole) if not is_read(reader, whole, path)}


@pytest.mark.parametrize("name", READERS)
def test_what_the_client_declares_is_read_or_ignored_by_name(name: str, a4: A4) -> None:
    reader = READERS[name]

    assert unread(reader, a4.described(reader.type)) == set(reader.ignored)


def test_what_the_client_of_the_tests_declares_is_read_or_ignored_by_name() -> None:
    reader = READERS["reporting"]

    assert unread(reader, described(reader.type)) <= set(reader.ignored)


@pytest.mark.parametrize("api", Api)
def test_a_create_sends_all_that_the_client_knows_and_nothing_else(api: Api, a4: A4) -> None:
    known = a4.described(PARAMETERS[api])

    for compress in (False, True):
        sent = json.loads(DIALECTS[api].body(sql="SELECT 1", compress=compress))
        assert set(known["required"]) <= set(sent) <= set(known["fields"])
    assert set(_paths(sent)) == set(leaves(known))


def _paths(body: Mapping[str, Any], above: str = "") -> list[str]:
    found = []
    for name, value in body.items():
        path = f"{above}.{name}".lstrip(".")
        found += _paths(value, path) if isinstance(value, dict) else [path]
    return found
