"""Reads a body of JSON within bounds, as one of a few forms, and refuses in one sentence what is none."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from forebay.config.document.sentences import sentence
from forebay.web.bounded_body import read_within
from forebay.web.errors import NotUnderstood

MOST_BODY_BYTES = 16 << 20
BODY_S = 30.0
#: An escape that may be half a character: no answer that quotes that could be written.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


async def read_body(request: Request, forms: Sequence[type[BaseModel]]) -> BaseModel:
    """Gives the body as the form whose own fields it names; without a body, as an empty object.

    Raises `NotUnderstood` and `TooLong`.
    """
    try:
        data = await read_within(request, MOST_BODY_BYTES, BODY_S)
    except (TimeoutError, ClientDisconnect):
        raise NotUnderstood("the body did not come whole") from None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if data and kind != "application/json":
        raise NotUnderstood("this takes a body of application/json")
    given = _parsed(data) if data else {}
    if not isinstance(given, dict):
        raise NotUnderstood("the body is an object of JSON, as in {}")
    # Of several the last that is meant: what is said beside the first is what is too much.
    return _checked(next((form for form in reversed(forms) if _is_meant(form, given)), forms[0]), given)


def _parsed(data: bytes) -> object:
    try:
        given = json.loads(data.decode(), parse_constant=_no_number)
        if _HALF.search(data):
            json.dumps(given, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotUnderstood("the body holds half a character (a lone surrogate), which no encoding can write") from None
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"the body is no JSON: {error}") from None
    return given


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _is_meant(form: type[BaseModel], given: dict[str, object]) -> bool:
    required = [name for name, field in form.model_fields.items() if field.is_required()]
    return bool(required) and all(name in given for name in required)


def _checked(form: type[BaseModel], given: dict[str, object]) -> BaseModel:
    try:
        return form.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = sentence(first["type"], first["msg"], first.get("ctx", {}), first["input"])
        raise NotUnderstood(f"{where}: {said}" if where else said) from None
