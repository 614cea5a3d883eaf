"""Each field that Stripe's clients declare is read by our dialect, or stands here with the reason why not.

It is found out by reading: a field is read if something else is made of a reply in which it alone differs, or lacks.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from forebay.config.stripe import Api
from forebay.queryrun.dialects import DIALECTS
from forebay.queryrun.errors import ProviderError
from tests.clients.a4 import A4
from tests.clients.judging import Described, values
from tests.clients.sdk_types import described
from tests.clients.wire_samples import leaves, reply

TYPES = {Api.REPORTING: "stripe.v2.data.reporting.QueryRun", Api.DATA: "stripe.v2.data.QueryRun"}
PARAMETERS = {
    Api.REPORTING: "stripe.params.v2.data.reporting.QueryRunCreateParams",
    Api.DATA: "stripe.params.v2.data.QueryRunCreateParams",
}
INLINE = "rows come as a file, never in the reply: `include` is not sent"
#: Fields of a QueryRun that nothing is made of, and why.
IGNORED: Mapping[Api, Mapping[str, str]] = {
    Api.REPORTING: {
        "object": "the path that was asked says it",
        "result.type": "a result that is no file has no URL, and that is what counts",
        "result_options.compress_file": "what the bytes are in is seen in the bytes",
    },
    Api.DATA: {
        "dataset": "there is one, which every create names",
        "format": "there is one, which every create names",
        "object": "the path that was asked says it",
        "result.col_count": "the columns are named one by one, and the header is counted where it is read",
        "result.inline.columns[].name": INLINE,
        "result.inline.columns[].type": INLINE,
        "result.inline.next_page_url": INLINE,
        "result.inline.previous_page_url": INLINE,
        "result.inline.rows[].data": INLINE,
        "result_options.compress_file": "what the bytes are in is seen in the bytes",
        "status_details.canceled_at": "when a run ended is known from the look that saw it, for each status alike",
    },
}
#: Parameters of a create that are never sent, and why.
NEVER_SENT: Mapping[Api, Mapping[str, str]] = {Api.REPORTING: {}, Api.DATA: {}}

each_api = pytest.mark.parametrize("api", sorted(TYPES))


def read(api: Api, whole: Described, path: str) -> bool:
    """Whether our dialect makes something else of a reply in which this field differs or lacks."""
    statuses = [value for of, value in values(whole) if of == "status"]
    return any(
        parsed(api, reply(whole, status)) != parsed(api, reply(whole, status, **{how: path}))
        for status in statuses
        for how in ("otherwise", "gone")
    )


def parsed(api: Api, body: Any) -> Any:
    """What is made of a reply; a sentence if nothing can be."""
    raw = json.dumps(body).encode()
    try:
        return DIALECTS[api].parse(raw, request_id=None)
    except ProviderError as exc:
        return str(exc)


def unread(api: Api, whole: Described) -> set[str]:
    return {path for path in leaves(whole) if not read(api, whole, path)}


@each_api
def test_what_the_client_declares_is_read_or_ignored_by_name(api: Api, a4: A4) -> None:
    assert unread(api, a4.described(TYPES[api])) == set(IGNORED[api])


def test_what_the_client_of_the_tests_declares_is_read_or_ignored_by_name() -> None:
    assert unread(Api.REPORTING, described(TYPES[Api.REPORTING])) <= set(IGNORED[Api.REPORTING])


@each_api
def test_a_create_sends_what_the_client_calls_required_and_nothing_that_it_does_not_know(api: Api, a4: A4) -> None:
    known = a4.described(PARAMETERS[api])

    for compress in (False, True):
        sent = json.loads(DIALECTS[api].body(sql="SELECT 1", compress=compress))
        assert set(known["required"]) <= set(sent) <= set(known["fields"])
    assert set(leaves(known)) - set(_paths(sent)) == set(NEVER_SENT[api])
    assert set(_paths(sent)) <= set(leaves(known))


def _paths(body: Mapping[str, Any], above: str = "") -> list[str]:
    found = []
    for name, value in body.items():
        path = f"{above}.{name}".lstrip(".")
        found += _paths(value, path) if isinstance(value, dict) else [path]
    return found
