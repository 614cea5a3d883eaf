"""Lists what needs a person now, worst first: what stands still, windows that did not come, batches that ended badly.

Pure; empty when all is well.
"""

from collections.abc import Iterable, Iterator

from forebay.cli.output.batch_state import BatchState
from forebay.scheduler.extracts.decisions import State
from forebay.web.api.readings import Facts

_WINDOWS = {
    State.FAILED: "failed",
    State.UNREADABLE: "cannot be read",
    State.LATE: "is late",
    State.MISSING: "did not run",
    State.PARTIAL: "landed in part",
}
_BATCHES = {
    BatchState.STOPPED: "was stopped",
    BatchState.CHECKS_FAILED: "landed, and failed its checks",
    BatchState.FAILED: "failed",
    BatchState.PARTIAL: "landed in part",
    BatchState.LOST: "is not known to Redis",
    BatchState.UNREADABLE: "cannot be read",
}


def todays_list(extracts: Iterable[Facts], batches: Iterable[Facts], causes: Iterable[Facts]) -> list[Facts]:
    """Lists it; each names what it is about, what is wrong, and the way out."""
    windows = list(_windows(extracts))
    told = {each["batch"] for each in windows}
    return [*_causes(causes), *windows, *_batches(batches, told)]


def _causes(causes: Iterable[Facts]) -> Iterator[Facts]:
    for cause in causes:
        yield _line("cause", cause["message"], cause["next"], lane=cause["lane"], detail=cause["detail"])


def _windows(extracts: Iterable[Facts]) -> Iterator[Facts]:
    for extract in extracts:
        for window in extract["windows"]:
            if window["state"] in _WINDOWS:
                how = "failed its checks" if window["outcome"] == "checks_failed" else _WINDOWS[window["state"]]
                message = f"{extract['extract']}: window {window['label']} {how}"
                way = f"forebay show {window['batch']}" if window["batch"] else extract["next"]
                yield _line("window", message, way, batch=window["batch"], extract=extract["extract"])


def _batches(batches: Iterable[Facts], told: set[str | None]) -> Iterator[Facts]:
    for batch in batches:
        state = BatchState(batch["state"])
        if state in _BATCHES and batch["batch"] not in told:
            yield _line(
                "batch",
                f"batch {batch['batch']} {_BATCHES[state]}",
                f"forebay show {batch['batch']}",
                batch=batch["batch"],
                detail=batch.get("message"),
            )


def _line(
    kind: str,
    message: str,
    way_out: str | None,
    *,
    batch: str | None = None,
    extract: str | None = None,
    lane: str | None = None,
    detail: str | None = None,
) -> Facts:
    return {
        "kind": kind,
        "message": message,
        "detail": detail,
        "next": way_out,
        "batch": batch,
        "extract": extract,
        "lane": lane,
    }
