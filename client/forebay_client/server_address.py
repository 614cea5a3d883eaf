"""Finds which server is meant, and by which token the caller shows who it is: as said, else from the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

import httpx

from forebay_client.errors import InputRefused
from forebay_client.http_words import base_url

URL, TOKEN = "FOREBAY_URL", "FOREBAY_TOKEN"
_HEADER_WORD = re.compile("[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where the API is, and what each request says of who asks."""

    url: httpx.URL
    """Without a name and password: httpx logs it with each request."""
    auth: httpx.BasicAuth | None = field(repr=False)
    """That name and password."""
    headers: dict[str, str] = field(repr=False)


def asks_for_a_server(url: str | None, token: str | None) -> bool:
    """Tells whether one is meant, as it is by an empty URL and by a token alone, too; else in the environment."""
    return url is not None or token is not None or bool(os.environ.get(URL))


def find_server(url: str | None, token: str | None) -> ServerAddress:
    """Finds it. Raises `InputRefused`.

    A token of the environment goes to the server of the environment, and to no other.
    """
    if url is None:
        url, token = os.environ.get(URL), token or os.environ.get(TOKEN)
    if not url:
        raise InputRefused(
            f"no server is named: Client('https://forebay.example.com'), or set {URL}",
            kind="usage",
            way_out="`forebay web` is one; where Forebay itself is installed, forebay.Client() does without",
        )
    headers = {"accept": "application/json", "user-agent": "forebay-client"}
    token = (token or "").strip()  # that of a file ends with its line
    if token:
        if not _HEADER_WORD.fullmatch(token):  # what sends it would say so with the token in its words
            raise InputRefused("the token has a character in it that no token has", kind="usage")
        headers["authorization"] = f"Bearer {token}"
    address = base_url(url)
    if token and address.userinfo:  # both are the one header that says who asks
        raise InputRefused("give a token, or a name and password in the URL, not both", kind="usage")
    return ServerAddress(
        url=address.copy_with(userinfo=b""),
        auth=httpx.BasicAuth(address.username, address.password) if address.userinfo else None,
        headers=headers,
    )
