"""Shows each extract's windows and how they stand: `forebay extracts`."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text
from forebay.cli.output.plain_text import styled
from forebay.cli.submitting.definition_names import extract_of
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.extracts.decisions import State, WindowStatus, state_of
from forebay.scheduler.extracts.ready import Ready, answers_place
from forebay.scheduler.extracts.removed import RemovedExtract, removed_extracts
from forebay.scheduler.extracts.rounds import DataSources, loaded_until
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import label
from forebay.store.ledger.records import ExtractPause

_STYLES = {
    State.LANDED: "green",
    State.RUNNING: "cyan",
    State.LATE: "yellow",
    State.MISSING: "yellow",
    State.PARTIAL: "yellow",
    State.FAILED: "red",
    State.UNREADABLE: "red",
}
#: How a window stands that is a gap; one that is late is one as long as it has no batch.
_GAPS = (State.MISSING, State.FAILED, State.PARTIAL, State.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExtractStatus:
    """One extract, with its newest windows and the state of each."""

    name: str
    schedule: Schedule
    windows: tuple[tuple[WindowStatus, State], ...]
    paused: ExtractPause | None
    loaded: datetime | None
    """Up to where data was when somebody last asked, if it waits for data."""

    @property
    def gaps(self) -> int:
        """Counts the windows that `forebay backfill` can do something about."""
        return sum(state in _GAPS or (state is State.LATE and status.absent) for status, state in self.windows)


def extracts(
    name: Annotated[str | None, typer.Argument(metavar="EXTRACT", help="One, with its windows.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many windows of each, newest first.")] = 14,
    *,
    as_json: options.Json = False,
) -> int:
    """Show extracts and how their newest windows stand.

    A window is landed, running, waiting, late, missing or failed.
    """
    settings = Settings()
    config = load_config(settings)
    if name is not None:
        extract_of(config, name)
    if config.written is None or not config.written.spec.extracts:
        raise ConfigError("the spec has no extracts; docs/spec.md shows one")
    with open_deployment(settings, config) as deployment:
        statuses = [_read(deployment, each, limit) for each in ([name] if name else config.written.spec.extracts)]
        removed = [] if name else list(removed_extracts(deployment.ledger, deployment.marks, config.written.spec))
    unread = any(state is State.UNREADABLE for extract in statuses for _, state in extract.windows)
    code = Exit.SOME_FAILED if unread else Exit.OK
    if as_json:
        _emit(statuses, removed, code)
    elif name:
        _show_one(statuses[0])
    else:
        _show_all(statuses)
        _show_removed(removed)
    return code


def _read(deployment: Deployment, name: str, limit: int) -> _ExtractStatus:
    assert deployment.config.written  # noqa: S101 - it has the extract
    now, calendar = datetime.now(UTC), calendar_of(deployment.config.written, name)
    schedule, marks = Schedule.of(deployment.config.written.spec.extracts[name]), deployment.marks
    status = StatusReader(deployment.ledger, marks).read(name, islice(calendar.ended(now), limit))
    loaded = _loaded(deployment, name) if schedule.when == "data_ready" else None
    return _ExtractStatus(
        name=name,
        schedule=schedule,
        windows=tuple(
            (each, state_of(schedule, each, now, loaded=loaded, alive=_is_alive(deployment, each)))
            for each in status.windows
        ),
        paused=marks.paused(name),
        loaded=loaded,
    )


def _loaded(deployment: Deployment, name: str) -> datetime | None:
    """Says up to where data are known to be. Asks nobody."""
    answers = answers_place(deployment.settings.ledger)
    sources = DataSources(
        config=deployment.config,
        ready=Ready(deployment.ledger, deployment.submitter, deployment.store(answers), answers),
        times=deployment.data_times,
        seen=deployment.runtime.seen_data,
    )
    return loaded_until(sources, name, datetime.now(UTC))


def _is_alive(deployment: Deployment, status: WindowStatus) -> bool:
    if not status.open or status.batch is None:
        return False
    progress = deployment.reader.progress(deployment.ledger.batch(status.batch))
    return progress.size > progress.waiting


def _show_all(statuses: list[_ExtractStatus]) -> None:
    table = plain_text.table("extract", "newest window", "state", "of the newest windows")
    for extract in statuses:
        counts = Counter(state for _, state in extract.windows)
        summary = ", ".join(f"{count} {state}" for state, count in counts.most_common()) or "none is over yet"
        newest, state = extract.windows[0] if extract.windows else (None, None)
        window = label(newest.window, extract.schedule.calendar.zone) if newest else ""
        word = "paused" if extract.paused else state or ""
        table.add_row(extract.name, window, styled((word, _STYLES.get(state, "") if state else "")), summary)
    plain_text.stdout().print(table)
    for extract in statuses:
        _show_troubles(extract)
        _show_way_on(extract)


def _show_one(extract: _ExtractStatus) -> None:
    zone = extract.schedule.calendar.zone
    if extract.paused:
        plain_text.say(f"paused since {_moment(extract.paused.at)}: {extract.paused.reason}")
    if extract.schedule.when == "data_ready":
        loaded = f"up to {_moment(extract.loaded)}" if extract.loaded else "nobody has told yet (forebay beat asks)"
        plain_text.say(f"data: {loaded}")
    table = plain_text.table("window", "state", "ended", "batch")
    for status, state in extract.windows:
        ended = _moment(status.closed_at) if status.closed_at else ""
        table.add_row(label(status.window, zone), styled((state, _STYLES.get(state, ""))), ended, status.batch or "")
    plain_text.stdout().print(table)
    _show_troubles(extract)
    _show_way_on(extract)


def _show_troubles(extract: _ExtractStatus) -> None:
    plain_text.remark(*(f"{status.batch}: {status.unreadable}" for status, _ in extract.windows if status.unreadable))


def _show_way_on(extract: _ExtractStatus) -> None:
    if extract.gaps:
        way_out = f"forebay backfill {extract.name}{_from(extract)}"
        plain_text.remark(f"{extract.name}: {extract.gaps} to fill → {way_out}")


def _from(extract: _ExtractStatus) -> str:
    """Bounds a backfill to the windows that were counted; nothing where these are all that there are."""
    calendar, oldest = extract.schedule.calendar, extract.windows[-1][0].window
    if oldest.start <= calendar.first:
        return ""
    start = oldest.start.astimezone(calendar.zone)
    return f" --from {start:%Y-%m-%d}" if (start.hour, start.minute) == (0, 0) else f" --from {start:%Y-%m-%dT%H:%M}"


def _show_removed(removed: list[RemovedExtract]) -> None:
    """Tells of what nobody adds to any more, and how a renamed one goes on where the old one ended."""
    plain_text.remark(*(extract.sentence for extract in removed))


def _emit(statuses: list[_ExtractStatus], removed: list[RemovedExtract], code: Exit) -> None:
    for extract in statuses:
        for status, state in extract.windows:
            events.emit("window", extract=extract.name, state=state, **_facts(status))
    summary = [
        {"extract": extract.name, "gaps": extract.gaps, "paused": extract.paused.reason if extract.paused else None}
        for extract in statuses
    ]
    gone = [{"extract": each.name, "end": each.end.isoformat()} for each in removed]
    events.result(code, extracts=summary, removed=gone)


def _facts(status: WindowStatus) -> dict[str, Any]:
    return {
        "start": status.window.start.isoformat(),
        "end": status.window.end.isoformat(),
        "batch": status.batch,
        "outcome": status.outcome,
        "ended_at": status.closed_at.isoformat() if status.closed_at else None,
        "told_late": status.told_late,
        **({"message": status.unreadable} if status.unreadable else {}),
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
