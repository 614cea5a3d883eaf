"""Translates exchanges into HTTP and answers of HTTP into results or exceptions. Pure, by httpx's values."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, NoReturn

import httpx

from forebay_client.errors import (
    CLASSES,
    AuthRefused,
    ForebayError,
    InputRefused,
    KeyTaken,
    NotFound,
    ServiceFault,
    Unreachable,
)
from forebay_client.exchange import Exchange

PREFIX = "/api/v1"
CONNECT_S, ANSWER_S = 10.0, 60.0
_MAY_TRY_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_LETTERS = 200
_SHOW_WHO = "by token=, or FOREBAY_TOKEN with FOREBAY_URL; `forebay web --new-token` makes one"
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def base_url(url: str) -> httpx.URL:
    """Reads the address of a server, with the path below which it is served, if any.

    Raises `InputRefused`, which does not repeat it: that of a Redis, taken for a server's, has a password in it.
    """
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        read = httpx.URL()
    if read.scheme not in ("http", "https") or not read.host:
        raise InputRefused("the server's URL is no address such as https://forebay.example.com", kind="usage")
    path = read.path.rstrip("/").removesuffix(PREFIX) + PREFIX
    return read.copy_with(path=path, query=None, fragment=None)  # what a browser has behind it stands before no path


def arguments(exchange: Exchange[Any]) -> dict[str, Any]:
    """Gives what an httpx client is called with."""
    answer_s = ANSWER_S + exchange.held_s
    return {
        "method": exchange.method,
        "url": exchange.path,
        "params": dict(exchange.query) or None,
        "json": exchange.body,
        "timeout": httpx.Timeout(answer_s, connect=CONNECT_S),
    }


def read(exchange: Exchange[Any], response: httpx.Response) -> Any:
    """Reads an answer. Raises what it says went wrong."""
    if not response.is_success:
        raise _problem(response)
    try:
        return exchange.read(response.json())
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        what = f"{_place(response.url)} answered {exchange.method} {exchange.path} with something"
        way_out = "is it a server of Forebay, and no older than this?"
        raise ServiceFault(f"{what} that this release does not understand", kind="answer", way_out=way_out) from error


def unreachable(error: httpx.RequestError, url: httpx.URL) -> NoReturn:
    """Raises what is said of a server that did not answer; what was in the request stays out of it."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        what, way_out = "cannot be reached", "is that the URL of the server, and is it up? what was accepted goes on"
    else:
        what, way_out = "did not answer", "what was accepted goes on; ask again, and submit again with the same key"
    raise Unreachable(
        f"{_place(url)} {what}: {str(error) or type(error).__name__}",
        kind="network",
        way_out=way_out,
        may_try_again=True,
    ) from error


def _problem(response: httpx.Response) -> ForebayError:
    facts = _facts(response)
    status, kind = response.status_code, str(facts.get("class") or "")
    if title := str(facts.get("title") or ""):
        way_out = str(facts.get("next") or "") or (_SHOW_WHO if status == HTTPStatus.UNAUTHORIZED else "")
    elif elsewhere := _elsewhere(response):
        title = f"{_place(response.url)} answered {status} and leads to {elsewhere}"
        way_out = "is that the server's own URL, or a login that stands before it?"
    else:
        words = _BLANKS.sub(" ", response.text).strip()[:_LETTERS] or response.reason_phrase
        title = f"{_place(response.url)} answered {status}: {words}"
        way_out = "that is no answer of Forebay's: is the URL that of its server, and is it up?"
    return _class(status, kind, facts.get("exit"))(
        title,
        kind=kind or "http",
        way_out=way_out,
        may_try_again=status in _MAY_TRY_AGAIN,
    )


def _facts(response: httpx.Response) -> dict[str, Any]:
    try:
        facts = response.json()
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _class(status: int, kind: str, exit_code: object) -> type[ForebayError]:
    """Finds what to raise; a proxy in between says no exit code, and then the status has to do."""
    known = CLASSES.get(exit_code) if isinstance(exit_code, int) else None
    if known is InputRefused:
        return NotFound if status == HTTPStatus.NOT_FOUND else KeyTaken if kind == "key" else known
    if known:
        return known
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
        return AuthRefused
    # The same request would be refused again. A 404 here is somebody else's, and so not `NotFound`.
    return InputRefused if 400 <= status < 500 and status not in _MAY_TRY_AGAIN else ServiceFault


def _elsewhere(response: httpx.Response) -> str:
    """Names another server, if it is a redirection to one."""
    try:
        url = response.url.join(response.headers.get("location", ""))
    except httpx.InvalidURL:
        return ""
    return _place(url) if response.is_redirect and _place(url) != _place(response.url) else ""


def _place(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
