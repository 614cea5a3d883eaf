"""Answers an error as `application/problem+json` (RFC 9457), with the class and the way out that the commands give."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from forebay.web.api.readings import RequestProblem


def problem_json(problem: RequestProblem) -> Response:
    """Writes it. `class`, `next` are ours; whoever reads nothing but `title` and `detail` knows enough."""
    return JSONResponse(
        {
            "type": "about:blank",
            "title": problem.message,
            "status": problem.status,
            "class": problem.kind,
            "next": problem.way_out,
        },
        problem.status,
        media_type="application/problem+json",
    )
