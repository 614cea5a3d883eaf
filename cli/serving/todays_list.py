"""Lists what needs a person now, worst first: what stands still, what is about to be lost, windows that did not come,
batches that ended badly.

Pure; empty when all is well.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from forebay.cli.output import words
from forebay.cli.output.batch_state import BatchState
from forebay.metrics.unlanded_results import UnlandedResult
from forebay.scheduler.extracts.decisions import State
from forebay.web.api.readings import Facts

#: Batches that are named one by one.
MOST_BATCHES = 50
#: A result that has so few of its days left needs a person: docs/runbook.md#forebayresultexpiring.
FEW_DAYS = 14
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


def todays_list(
    extracts: Iterable[Facts],
    batches: Iterable[Facts],
    causes: Iterable[Facts],
    expiring: Iterable[UnlandedResult],
    today: date,
    *,
    beat_missed: bool,
) -> list[Facts]:
    """Lists it; each names what it is about, what is wrong, and the way out.

    `beat_missed`: extracts have schedules, and nobody is alive who would submit their windows.
    """
    windows = list(_windows(extracts))
    told = {each["batch"] for each in windows}
    beat = (
        [_line("beat", "no beat is alive, so no window begins when it is due", "forebay beat")] if beat_missed else []
    )
    return [*_causes(causes), *beat, *_expiring(expiring, today), *windows, *_batches(batches, told)]


def _expiring(results: Iterable[UnlandedResult], today: date) -> Iterator[Facts]:
    """Says it once for all of one definition on one connection."""
    groups: dict[tuple[str, str], list[UnlandedResult]] = {}
    for each in results:
        if each.days_left(today) < FEW_DAYS:
            groups.setdefault((each.definition or "", each.connection), []).append(each)
    for (definition, connection), group in groups.items():
        left = max(0, min(each.days_left(today) for each in group))
        of = f"{definition} ({connection})" if definition else connection
        yield _line(
            "expiring",
            f"{of}: {words.counted(len(group), 'result is', 'results are')} at Stripe alone, which keeps the oldest "
            f"for {words.counted(left, 'more day', 'more days')}",
            "forebay ls --state failed",
            detail="mend the destination, then retry what failed: that lands it, and runs nothing",
        )


def _causes(causes: Iterable[Facts]) -> Iterator[Facts]:
    for cause in causes:
        yield _line("cause", cause["message"], cause["next"], lane=cause["lane"], detail=cause["detail"])


def _windows(extracts: Iterable[Facts]) -> Iterator[Facts]:
    """Says it once for all that did not run one after the other: they have one way out."""
    for extract in extracts:
        for (state, batch), group in groupby(extract["windows"], lambda each: (each["state"], each["batch"])):
            if state in _WINDOWS:
                way = f"forebay show {batch}" if batch else extract["next"]
                message = f"{extract['extract']}: {_stand([*group])}"
                yield _line("window", message, way, batch=batch, extract=extract["extract"])


def _stand(windows: list[Facts]) -> str:
    """Says how windows of one state stand, newest first; only those without a batch are more than one."""
    newest, oldest = windows[0], windows[-1]
    how = "failed its checks" if newest["outcome"] == "checks_failed" else _WINDOWS[newest["state"]]
    if len(windows) == 1:
        return f"window {newest['label']} {how}"
    return f"{len(windows)} windows {how}, {oldest['label']} to {newest['label']}"


def _batches(batches: Iterable[Facts], told: set[str | None]) -> Iterator[Facts]:
    bad = [each for each in batches if BatchState(each["state"]) in _BATCHES and each["batch"] not in told]
    for batch in bad[:MOST_BATCHES]:
        yield _line(
            "batch",
            f"batch {batch['batch']} {_BATCHES[BatchState(batch['state'])]}",
            f"forebay show {batch['batch']}",
            batch=batch["batch"],
            detail=batch.get("message"),
        )
    if len(bad) > MOST_BATCHES:
        more = words.counted(len(bad) - MOST_BATCHES, "more batch", "more batches")
        yield _line("batches", f"{more} of these days ended badly, or stand still", "forebay ls --since 7d")


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
