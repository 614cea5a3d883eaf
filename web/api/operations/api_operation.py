"""Says what a request of the API is: one value, of which its route is made, and its part of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.requests import Request

from forebay.config.document.web_access import Role
from forebay.web.access.identity import Identity, identity_of
from forebay.web.acts.act import Acts
from forebay.web.api.end_watch import EndWatch
from forebay.web.api.operations.query_parameters import Parameter
from forebay.web.api.readings import Facts
from forebay.web.api.watched import Watched
from forebay.web.api.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What requests are answered with."""

    watched: Watched
    acts: Acts
    work: Work
    ends: EndWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request, read as far as HTTP goes."""

    path: Mapping[str, str]
    query: QueryParams
    who: Identity
    form: BaseModel | None = None
    ended: bool = False
    """It waited for the end of its batch, and that came."""

    @classmethod
    def of(cls, request: Request, form: BaseModel | None) -> ApiRequest:
        """Reads it."""
        path = {name: str(value) for name, value in request.path_params.items()}
        return cls(path=path, query=request.query_params, who=identity_of(request), form=form)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """One kind of request."""

    method: str = "GET"
    path: str
    """Below `/api/v1`."""
    name: str
    """By which programs that are made of the document call it."""
    summary: str
    do: Callable[[Services, ApiRequest], Facts]
    """Answers it, in a thread."""
    answers: tuple[type[BaseModel], ...]
    """What an answer is like: one of these."""
    parameters: tuple[Parameter, ...] = ()
    forms: tuple[type[BaseModel], ...] = ()
    """What its body may be; none where it has none."""
    role: Role = Role.VIEWER
    statuses: tuple[int, ...] = (200,)
    """With which it answers when it did what was asked; of several the first says that something is new."""
    wait: Callable[[ApiRequest], float] | None = None
    """For how long it waits, for the end of its batch."""

    def status_of(self, facts: Facts) -> int:
        """Says the status of an answer."""
        return self.statuses[0] if facts.get("created", True) else self.statuses[-1]
