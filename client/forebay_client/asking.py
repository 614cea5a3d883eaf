"""Writes each request of the API as a value, with how its answer is read. Pure: nothing is sent here.

docs/web.md lists what the API takes and gives. What is None is left away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

from forebay_client.asked_queries import Queries, query_facts
from forebay_client.batch_results import (
    BatchLine,
    BatchStatus,
    Facts,
    FailureCause,
    LandedResult,
    RunStatus,
    SignedLink,
)
from forebay_client.deployment_results import Costs, Deed, ExtractState, LaneState, Outlook, WindowState
from forebay_client.errors import InputRefused
from forebay_client.exchange import Exchange

T = TypeVar("T")
#: As many as the server gives at once.
RUNS_A_PAGE, MANIFESTS_A_PAGE = 500, 100


class Terms(TypedDict, total=False):
    """What may be said of a batch that is submitted; each is an option of `forebay run` (docs/cli.md)."""

    key: str
    """The same key is the same batch, however often it is sent; other content under it is refused (`KeyTaken`)."""
    to: str
    """`s3://bucket/prefix`, or `file:///folder` of the server's machine."""
    format: str
    """`auto`, `csv`, `zip`, `csv.gz`, `csv.zst` or `parquet`."""
    account: str
    connection: str
    flow_class: str
    """Who goes first: `interactive`, `scheduled`, `backfill`."""
    weight: float
    ceiling: int
    window: str | date
    """Of an extract: 2026-11-26; else the newest that is over."""
    params: Mapping[str, object]
    """Other values for parameters of the definition."""
    fresh: bool
    """Share no earlier run of the same SQL."""
    again: bool
    """Run a window that ran once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of a submission."""

    batch: str
    created: bool
    """False: it was there, by its key or its window."""
    runs: int
    output: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, facts: Facts) -> Accepted:
        """Reads it."""
        return cls(
            batch=facts["batch"],
            created=facts["created"],
            runs=facts["runs"],
            output=facts["output"],
            warnings=tuple(facts.get("warnings") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of many, and where the others begin."""

    items: tuple[T, ...]
    next: int | None


def submission(what: str | Queries, terms: Terms) -> Exchange[Accepted]:
    """Submits a definition of the spec by its name, or queries. Raises `InputRefused`, `TypeError` for odd terms."""
    unknown = set(terms) - set(Terms.__annotations__)
    if unknown:
        raise TypeError(f"submit() takes no {', '.join(sorted(unknown))}; it takes {', '.join(Terms.__annotations__)}")
    body: dict[str, Any] = {name: value for name, value in terms.items() if value is not None}
    if "flow_class" in body:
        body["class"] = body.pop("flow_class")
    if "window" in body:
        body["window"] = window_text(body["window"])
    if "params" in body:
        body["params"] = {name: str(value) for name, value in body["params"].items() if value is not None}
    if isinstance(what, str):
        if len(what.split()) != 1:
            raise InputRefused(
                f"{what[:60]!r} is no name of a definition", kind="input", way_out="SQL is submitted as [Query(sql=…)]"
            )
        body["definition"] = what
    else:
        body["queries"] = query_facts(what)
    return Exchange(
        method="POST",
        path="/batches",
        body=body,
        read=Accepted.of,
        # A window is made once by its name. Whatever else has no key would be run twice, and what is named by its
        # definition alone may be a batch of the spec, which runs anew each time.
        repeatable="key" in body or ("window" in body and not body.get("again")),
    )


def batch(batch_id: str, held_s: int = 0) -> Exchange[BatchStatus]:
    """Asks how a batch stands; the server may wait so long for its end."""
    query = {"wait": str(held_s)} if held_s else {}
    return _get(f"/batches/{_of(batch_id)}", BatchStatus.of, query, held_s=held_s)


def batches(**wanted: Any) -> Exchange[list[BatchLine]]:
    """Lists batches, newest first."""
    return _get("/batches", lambda facts: [BatchLine.of(each) for each in facts["batches"]], _texts(wanted))


def runs(batch_id: str, start: int, **wanted: Any) -> Exchange[Page[RunStatus]]:
    """Reads a page of a batch's runs."""

    def read(facts: Facts) -> Page[RunStatus]:
        return Page(items=tuple(RunStatus.of(batch_id, each) for each in facts["runs"]), next=facts["next"])

    query = {"start": str(start), "limit": str(RUNS_A_PAGE), **_texts(wanted)}
    return _get(f"/batches/{_of(batch_id)}/runs", read, query)


def results(batch_id: str, start: int) -> Exchange[Page[LandedResult]]:
    """Reads a page of a batch's manifests."""

    def read(facts: Facts) -> Page[LandedResult]:
        found = (LandedResult.of(batch_id, run, each) for run in facts["manifests"] for each in run["manifests"])
        return Page(items=tuple(found), next=facts["next"])

    query = {"start": str(start), "limit": str(MANIFESTS_A_PAGE)}
    return _get(f"/batches/{_of(batch_id)}/manifests", read, query)


def failures(batch_id: str) -> Exchange[list[FailureCause]]:
    """Reads why runs of a batch failed, each cause once."""
    return _get(_failures_of(batch_id), _causes)


def failure_report(batch_id: str) -> Exchange[tuple[list[FailureCause], str]]:
    """Reads that, and the first of the ways on."""
    return _get(_failures_of(batch_id), lambda facts: (_causes(facts), (facts["next"] or [""])[0]))


def links(batch_id: str, lane: str, index: int, expires_s: int) -> Exchange[list[SignedLink]]:
    """Asks for links to what a run landed."""

    def read(facts: Facts) -> list[SignedLink]:
        return [SignedLink.of(each, facts["expires_at"]) for each in facts["links"]]

    path = f"/batches/{_of(batch_id)}/runs/{_of(lane)}/{index}/links"
    return Exchange(method="POST", path=path, body={"expires_s": expires_s}, read=read)


def act(path: str, **asked: Any) -> Exchange[Deed]:
    """Does something to a batch, lane or extract. It is kept with who did it, so it is not sent twice."""
    return Exchange(method="POST", path=path, body=_given(asked), read=Deed.of, repeatable=False)


def preview(path: str, **asked: Any) -> Exchange[Outlook]:
    """Asks what that would come to."""
    return Exchange(method="POST", path=path, body={**_given(asked), "dry_run": True}, read=Outlook.of)


def batch_act(batch_id: str, verb: str) -> str:
    """Names the path of an act on a batch."""
    return f"/batches/{_of(batch_id)}/{verb}"


def lane_act(lane: str, verb: str) -> str:
    """Names the path of an act on a lane."""
    return f"/lanes/{_of(lane)}/{verb}"


def extract_act(extract: str, verb: str) -> str:
    """Names the path of an act on an extract."""
    return f"/extracts/{_of(extract)}/{verb}"


def gaps_between(start: str | date | None, end: str | date | None) -> dict[str, str | None]:
    """Says which gaps of an extract are meant, as the API names the bounds."""
    return {
        "from_": None if start is None else window_text(start),
        "to": None if end is None else window_text(end),
    }


def deed_act(deed: str, verb: str) -> str:
    """Names the path of an act on what was begun."""
    return f"/deeds/{_of(deed)}/{verb}"


def deed(name: str) -> Exchange[Deed]:
    """Asks what came of an act."""
    return _get(f"/deeds/{_of(name)}", Deed.of)


def lanes() -> Exchange[list[LaneState]]:
    """Asks how all lanes stand."""
    return _get("/lanes", lambda facts: [LaneState.of(each) for each in facts["lanes"]])


def extracts() -> Exchange[list[ExtractState]]:
    """Asks how all extracts stand."""
    return _get("/extracts", lambda facts: [ExtractState.of(each) for each in facts["extracts"]])


def extract(name: str, windows: int) -> Exchange[ExtractState]:
    """Asks how an extract stands."""
    return _get(f"/extracts/{_of(name)}", ExtractState.of, {"windows": str(windows)})


def window(extract_name: str, moment: str | date) -> Exchange[WindowState]:
    """Asks how one window stands."""
    return _get(f"/extracts/{_of(extract_name)}/windows/{_of(window_text(moment))}", WindowState.of)


def costs(by: tuple[str, ...], **wanted: Any) -> Exchange[Costs]:
    """Asks what was spent."""
    return _get("/costs", partial(Costs.of, by), {"by": ",".join(by), **_texts(wanted)})


def window_text(moment: str | date) -> str:
    """Writes a window as the API takes it."""
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="minutes")
    return moment.isoformat() if isinstance(moment, date) else moment


def _get(path: str, read: Any, query: Mapping[str, str] | None = None, *, held_s: float = 0.0) -> Exchange[Any]:
    return Exchange(method="GET", path=path, read=read, query=query or {}, held_s=held_s)


def _of(name: str) -> str:
    if not (name or "").strip("."):  # it would lead to something else
        raise InputRefused(f"{name!r} is no name of a batch, an extract, a window, a lane or a deed", kind="usage")
    return quote(name, safe=":")


def _failures_of(batch_id: str) -> str:
    return f"/batches/{_of(batch_id)}/failures"


def _causes(facts: Facts) -> list[FailureCause]:
    return [FailureCause.of(each) for each in facts["failures"]]


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    # A word that Python keeps for itself has an underscore here.
    return {name.rstrip("_"): value for name, value in asked.items() if value is not None}


def _texts(wanted: Mapping[str, Any]) -> dict[str, str]:
    given = _given(wanted)
    return {name: window_text(value) if isinstance(value, date) else str(value) for name, value in given.items()}
