"""Reads a form that a browser posts, within bounds."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from forebay.web.bounded_body import read_within
from forebay.web.errors import NotUnderstood

MOST_FORM_BYTES = 16 * 1024
MOST_FIELDS = 40
FORM_S = 10.0


async def read_form(request: Request) -> dict[str, str]:
    """Gives its fields, of which the last of a name counts. Raises `NotUnderstood` and `TooLong`."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise NotUnderstood("this takes a form")
    try:
        body = await read_within(request, MOST_FORM_BYTES, FORM_S)
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except (TimeoutError, ClientDisconnect):
        raise NotUnderstood("the form did not come whole") from None
    except ValueError:
        raise NotUnderstood("the form cannot be read") from None
