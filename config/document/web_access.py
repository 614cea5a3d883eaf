"""Reads who may look at the page and who may act: the file that FOREBAY_WEB_ACCESS names. docs/web.md shows one.

It holds no secret: of passwords and tokens only what they come to. `web/access/` goes by it.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from forebay.config.document.sentences import sentence
from forebay.config.document.strict import Strict
from forebay.config.errors import ConfigError, Problem, SpecError
from forebay.config.yaml_lines import Document, read_yaml

Network = IPv4Network | IPv6Network
_MOST_BYTES = 1 << 20
_SCRYPT = re.compile(r"scrypt\$(\d{1,8})\$[1-9]\d{0,2}\$[1-9]\d{0,2}\$([0-9a-f]{2}){16,}\$[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = "viewer"  # looks
    OPERATOR = "operator"  # retries, pauses, resumes, fills gaps
    ADMIN = "admin"  # cancels, and sets the limits of lanes

    def may(self, needed: Role) -> bool:
        """Tells whether this role is enough for what needs that one."""
        return list(Role).index(self) >= list(Role).index(needed)


class Hidden(StrEnum):
    """What may be hidden from viewers."""

    SQL = "sql"  # texts of queries
    URLS = "urls"  # where results and their manifests lie


def _networks(peers: list[str]) -> list[str]:
    for peer in peers:
        try:
            ip_network(peer)
        except ValueError:
            raise ValueError(f"'{peer}' is no address and no network such as 10.0.0.0/8") from None
    return peers


def _scrypt(text: str) -> str:
    found = _SCRYPT.fullmatch(text)
    # One that scrypt cannot compute would turn up when somebody logs in.
    if not found or int(found[1]).bit_count() != 1 or found[1] == "1":
        raise ValueError("is no hash of a password; `forebay web --new-password` makes one")
    return text


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise ValueError("is no SHA-256 of a token; `forebay web --new-token` makes one")
    return text


RoleName = Annotated[Role, Field(strict=False)]
HiddenName = Annotated[Hidden, Field(strict=False)]


class TrustedProxy(Strict):
    """A proxy that has asked who it is, and says so in a header."""

    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]
    peers: Annotated[list[str], Field(min_length=1), AfterValidator(_networks)]
    """Whose word is taken: addresses from which it connects."""
    roles: dict[RoleName, list[str]]
    """Names exactly as the proxy gives them, or `@example.com` for all of a domain. The highest that fits counts."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """Gives the addresses to compare with."""
        return tuple(ip_network(peer) for peer in self.peers)

    def role_of(self, name: str) -> Role | None:
        """Finds the role of who the proxy names; None for somebody who has none."""
        name = name.casefold()
        domain = "@" + name.rpartition("@")[2]
        for role in reversed(Role):
            named = {each.casefold() for each in self.roles.get(role, ())}
            if name in named or ("@" in name and domain in named):
                return role
        return None


class WebUser(Strict):
    """Somebody with a password."""

    password: Annotated[str, AfterValidator(_scrypt)]
    """What scrypt makes of it, with its salt and its parameters."""
    role: RoleName


class WebToken(Strict):
    """A program with a token."""

    sha256: Annotated[str, AfterValidator(_sha256)]
    role: RoleName
    expires: Annotated[date, Field(strict=False)]
    """The last day on which it counts, in UTC."""


class WebAccess(Strict):
    """Who may look and who may act."""

    hosts: list[str] = []
    """Names by which browsers come, without a port; beside the address that is listened on."""
    proxy: TrustedProxy | None = None
    users: dict[str, WebUser] = {}
    tokens: dict[str, WebToken] = {}
    hide: list[HiddenName] = []
    """What viewers do not see."""

    @property
    def asks(self) -> bool:
        """Tells whether anybody is asked who he is."""
        return bool(self.proxy or self.users or self.tokens)


def load_web_access(path: Path) -> WebAccess:
    """Reads the file. Raises `ConfigError`, with each problem and its line; it never quotes what stands there."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"FOREBAY_WEB_ACCESS {path} has more than the {_MOST_BYTES:,} bytes that are read")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"FOREBAY_WEB_ACCESS {path} cannot be read: {why}") from None
    document = read_yaml(text, path)
    try:
        return WebAccess.model_validate({} if document.value is None else document.value)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise SpecError(path, tuple(_problem(each, document) for each in found)) from None


def _problem(error: Any, document: Document) -> Problem:
    location = tuple(each for each in error["loc"] if each != "[key]")
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    said = sentence(error["type"], message, error.get("ctx", {}), document.value_at(location))
    if error["type"] == "unknown_key":
        return Problem(line=document.line_of((*location, error["ctx"]["key"])), text=message)
    where = ".".join(str(each) for each in location)
    return Problem(line=document.line_of(location), text=f"{where}: {said}" if where else said)
