"""Lists the screens: the path of each, its template, what it reads, and which of its parts stay live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from forebay.web.api.query_strings import (
    batches_wanted,
    deeds_wanted,
    refuse_others,
    run_index,
    runs_wanted,
    windows_wanted,
)
from forebay.web.api.readings import Facts
from forebay.web.api.watched import Watched

Read = Callable[[Request, Watched], Facts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen."""

    name: str
    """Its template is `<name>.html`; the navigation marks it."""
    path: str
    read: Read
    parts: tuple[str, ...]
    """Templates of its parts: `parts/<part>.html`."""
    cells: bool = False
    """It has a grid, whose cells the stream keeps."""


def _plain(read: Callable[[Watched], Facts]) -> Read:
    def reads(request: Request, watched: Watched) -> Facts:
        refuse_others(request.query_params)
        return read(watched)

    return reads


def _batches(request: Request, watched: Watched) -> Facts:
    return {**watched.batches(batches_wanted(request.query_params)), "wanted": _typed(request)}


def _batch(request: Request, watched: Watched) -> Facts:
    refuse_others(request.query_params)
    return {"batch": watched.batch(request.path_params["batch"])}


def _runs(request: Request, watched: Watched) -> Facts:
    batch_id, wanted = request.path_params["batch"], runs_wanted(request.query_params)
    return {"batch": watched.batch(batch_id), "page": watched.runs(batch_id, wanted), "wanted": _typed(request)}


def _run(request: Request, watched: Watched) -> Facts:
    refuse_others(request.query_params)
    where = request.path_params
    return {"run": watched.run(where["batch"], where["lane"], run_index(where["index"]))}


def _extract(request: Request, watched: Watched) -> Facts:
    return {"extract": watched.extract(request.path_params["extract"], windows_wanted(request.query_params))}


def _account(request: Request, watched: Watched) -> Facts:
    windows = windows_wanted(request.query_params)
    return {"account": watched.account(request.path_params["account"], windows)}


def _deed(request: Request, watched: Watched) -> Facts:
    refuse_others(request.query_params)
    return {"deed": watched.deed(request.path_params["deed"])}


def _deeds(request: Request, watched: Watched) -> Facts:
    return watched.deeds(deeds_wanted(request.query_params))


def _typed(request: Request) -> dict[str, str]:
    """Gives what was asked for as it was typed, for the form that asks and the link to the next page."""
    given = request.query_params
    return {name: ",".join(given.getlist(name)) for name in ("state", "extract", "q", "since", "start", "limit")}


SCREENS = (
    Screen(name="today", path="/", read=_plain(Watched.today), parts=("attention", "today_lines")),
    Screen(name="batches", path="/batches", read=_batches, parts=("batch_list",)),
    Screen(name="batch", path="/b/{batch}", read=_batch, parts=("batch_head", "batch_facts"), cells=True),
    Screen(name="runs", path="/b/{batch}/runs", read=_runs, parts=("batch_head", "run_list")),
    Screen(name="run", path="/b/{batch}/{lane}/{index}", read=_run, parts=("run_facts",)),
    Screen(name="lanes", path="/lanes", read=_plain(Watched.lanes), parts=("lane_cards",)),
    Screen(name="extracts", path="/extracts", read=_plain(Watched.extracts), parts=("extract_list",)),
    Screen(name="extract", path="/x/{extract}", read=_extract, parts=("extract_calendar",)),
    Screen(name="accounts", path="/accounts", read=_plain(Watched.accounts), parts=("account_list",)),
    Screen(name="account", path="/accounts/{account}", read=_account, parts=("account_windows",)),
    Screen(name="deeds", path="/deeds", read=_deeds, parts=("deed_list",)),
    Screen(name="deed", path="/deeds/{deed}", read=_deed, parts=("deed_facts",)),
)
