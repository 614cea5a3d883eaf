"""Answers an error as `application/problem+json` (RFC 9457), with the class and the way out that the commands give."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from forebay.web.access.identity import Identity
from forebay.web.api.hidden_facts import problem_without_hidden
from forebay.web.api.readings import RequestProblem
from forebay.web.errors import NotLetIn, NotUnderstood, TooLong


def problem_json(problem: RequestProblem) -> Response:
    """Writes it. `class`, `next` and `exit` are ours; whoever reads nothing but `title` and `detail` knows enough."""
    return JSONResponse(
        {
            "type": "about:blank",
            "title": problem.message,
            "status": problem.status,
            "class": problem.kind,
            "next": problem.way_out,
            "exit": problem.exit_code,
        },
        problem.status,
        media_type="application/problem+json",
    )


def problem_at(problem: Callable[[Exception], RequestProblem], error: Exception, identity: Identity) -> RequestProblem:
    """Says what went wrong with somebody's request: by itself what is HTTP's, and by `problem` all else."""
    if isinstance(error, NotUnderstood):
        return RequestProblem(status=400, kind="usage", message=str(error))
    if isinstance(error, TooLong):
        return RequestProblem(status=413, kind="usage", message=str(error))
    if isinstance(error, NotLetIn):
        return RequestProblem(status=403, kind="auth", message=str(error), exit_code=4)
    return problem_without_hidden(problem(error), identity.hidden)
