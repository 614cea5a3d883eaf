"""Serves the read side of the API, `/api/v1`: what the commands show, as JSON. docs/web.md lists it.

A handler reads in a thread, so that one slow store keeps nobody from being answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.web.access.identity import Identity, identity_of
from forebay.web.api.hidden_facts import problem_without_hidden, without_hidden
from forebay.web.api.problem_json import problem_json
from forebay.web.api.query_strings import batches_wanted, refuse_others, run_index, runs_wanted, windows_wanted
from forebay.web.api.readings import Facts, PackedStates, RequestProblem
from forebay.web.api.watched import Watched
from forebay.web.errors import NothingThere, NotLetIn, NotUnderstood

Read = Callable[[Request], Facts]
PREFIX = "/api/v1"


def api_routes(watched: Watched) -> list[Route]:
    """Makes the routes."""

    def plain(read: Callable[[], Facts]) -> Read:
        def asked(request: Request) -> Facts:
            refuse_others(request.query_params)
            return read()

        return asked

    def of_path(request: Request, name: str) -> str:
        return str(request.path_params[name])

    def run(request: Request) -> Facts:
        refuse_others(request.query_params)
        return watched.run(of_path(request, "batch"), of_path(request, "lane"), run_index(of_path(request, "index")))

    def states(request: Request) -> Facts:
        refuse_others(request.query_params)
        return states_facts(watched.states(of_path(request, "batch")))

    def batch(request: Request) -> Facts:
        refuse_others(request.query_params)
        return watched.batch(of_path(request, "batch"))

    reads: dict[str, Read] = {
        "/today": plain(watched.today),
        "/batches": lambda request: watched.batches(batches_wanted(request.query_params)),
        "/batches/{batch}": batch,
        "/batches/{batch}/states": states,
        "/batches/{batch}/runs": lambda request: watched.runs(
            of_path(request, "batch"), runs_wanted(request.query_params)
        ),
        "/batches/{batch}/runs/{lane}/{index}": run,
        "/lanes": plain(watched.lanes),
        "/extracts": plain(watched.extracts),
        "/extracts/{extract}": lambda request: watched.extract(
            of_path(request, "extract"), windows_wanted(request.query_params)
        ),
        "/accounts": plain(watched.accounts),
        "/accounts/{account}": lambda request: watched.account(
            of_path(request, "account"), windows_wanted(request.query_params)
        ),
    }
    reads["/{rest:path}"] = _nothing  # last: programs that mistype a path get no page
    return [Route(PREFIX + path, _answering(watched, read), methods=["GET"]) for path, read in reads.items()]


def states_facts(states: PackedStates) -> Facts:
    """Writes the states of a batch's runs, half a byte each, in hex, which compresses as well as bytes do."""
    return {
        "columns": states.columns,
        "lanes": [{"lane": each.lane, "runs": each.runs, "known": bool(each.packed)} for each in states.lanes],
        "packed": states.packed.hex(),
    }


def problem_at(problem: Callable[[Exception], RequestProblem], error: Exception, identity: Identity) -> RequestProblem:
    """Says what went wrong with somebody's request: by itself what is HTTP's, and by `problem` all else."""
    if isinstance(error, NotUnderstood):
        return RequestProblem(status=400, kind="usage", message=str(error))
    if isinstance(error, NotLetIn):
        return RequestProblem(status=403, kind="auth", message=str(error))
    return problem_without_hidden(problem(error), identity.hidden)


def _nothing(request: Request) -> NoReturn:
    raise NothingThere(f"there is nothing at {request.url.path}")


def _answering(watched: Watched, read: Read) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        try:
            facts = read(request)
        except Exception as error:  # noqa: BLE001 - this is where every exception of a request ends
            return problem_json(problem_at(watched.problem, error, identity_of(request)))
        return JSONResponse(without_hidden(facts, identity_of(request).hidden))

    return answer
