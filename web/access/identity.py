"""Names who asks, how that is known, and what he may do. Found by the guard, once a request; read by handlers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import Request

from forebay.config.document.web_access import Hidden, Role
from forebay.web.errors import NotLetIn

#: Where the guard leaves it in the scope of a request.
STATE = "forebay.identity"


class KnownBy(StrEnum):
    """By what it is known who somebody is."""

    HERE = "here"  # he is on this machine, as whoever types a command is
    PROXY = "proxy"  # a proxy that we trust says so
    PASSWORD = "password"  # noqa: S105 - a word, and none
    TOKEN = "token"  # noqa: S105 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who may look, at least."""

    name: str
    role: Role
    known_by: KnownBy
    hidden: frozenset[Hidden] = frozenset()
    """What he does not see."""

    def require(self, least: Role) -> None:
        """Raises `NotLetIn` of whoever may not what takes this role."""
        if not self.role.may(least):
            raise NotLetIn(f"{self.name} is {self.role} here, and this takes {least}")


def identity_of(request: Request) -> Identity:
    """Says who asks; the guard lets nobody through of whom it does not know that."""
    identity = request.scope[STATE]
    assert isinstance(identity, Identity)  # noqa: S101 - the guard put it there
    return identity
