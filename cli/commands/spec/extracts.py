"""`forebay extracts`: each extract's windows, and how they stand."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events
from forebay.cli.output.console import stdout
from forebay.cli.submitting.named import extract_of
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.extracts.decisions import State, WindowStatus, state_of
from forebay.scheduler.extracts.ready import Ready, answers_place
from forebay.scheduler.extracts.rounds import asked_for_data
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import label
from forebay.store.marks import Marks
from forebay.store.records import Pause

_STYLES = {
    State.LANDED: "green",
    State.RUNNING: "cyan",
    State.LATE: "yellow",
    State.MISSING: "yellow",
    State.PARTIAL: "yellow",
    State.FAILED: "red",
}
#: What `forebay backfill` can do something about.
GAPS = (State.MISSING, State.FAILED, State.PARTIAL, State.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One extract, with its newest windows and the state of each."""

    name: str
    schedule: Schedule
    windows: tuple[tuple[WindowStatus, State], ...]
    paused: Pause | None
    loaded: datetime | None

    @property
    def gaps(self) -> int:
        return sum(state in GAPS or (state is State.LATE and status.absent) for status, state in self.windows)


def extracts(
    name: Annotated[str | None, typer.Argument(metavar="[EXTRACT]", help="One, with its windows.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many windows of each, newest first.")] = 14,
    *,
    as_json: options.Json = False,
) -> int:
    """Show extracts and how their newest windows stand: landed, running, waiting, late, missing, failed."""
    settings = Settings()
    config = load_config(settings)
    if name is not None:
        extract_of(config, name)
    if config.written is None or not config.written.spec.extracts:
        raise ConfigError("the spec has no extracts; docs/spec.md shows one")
    with open_deployment(settings, config) as deployment:
        found = [_seen(deployment, each, limit) for each in ([name] if name else config.written.spec.extracts)]
    if as_json:
        _emit(found)
    elif name:
        _show_one(found[0])
    else:
        _show_all(found)
    return Exit.OK


def _seen(deployment: Deployment, name: str, limit: int) -> _Seen:
    assert deployment.config.written  # noqa: S101 - it has the extract
    now, calendar = datetime.now(UTC), calendar_of(deployment.config.written, name)
    schedule, marks = Schedule.of(deployment.config.written.spec.extracts[name]), Marks(deployment.ledger_store)
    status = StatusReader(deployment.ledger, marks).read(name, islice(calendar.ended(now), limit))
    loaded = _loaded(deployment, name) if schedule.when == "data_ready" else None
    return _Seen(
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
    """Up to where data was, when somebody last asked."""
    answers = answers_place(deployment.settings.ledger)
    connection, account = asked_for_data(deployment.config, name)
    return Ready(deployment.ledger, deployment.submitter, deployment.store(answers), answers).known(connection, account)


def _is_alive(deployment: Deployment, status: WindowStatus) -> bool:
    if not status.open or status.batch is None:
        return False
    progress = deployment.reader.progress(deployment.ledger.batch(status.batch))
    return progress.size > progress.waiting


def _show_all(found: list[_Seen]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("extract", "newest window", "state", "of the newest windows"):
        table.add_column(column, no_wrap=True)
    for seen in found:
        counts = Counter(state for _, state in seen.windows)
        said = ", ".join(f"{count} {state}" for state, count in counts.most_common()) or "none is over yet"
        newest, state = seen.windows[0] if seen.windows else (None, None)
        shown = label(newest.window, seen.schedule.calendar.zone) if newest else ""
        word = "paused" if seen.paused else state or ""
        table.add_row(seen.name, shown, Text(word, _STYLES.get(state, "") if state else ""), said)
    stdout().print(table)
    for seen in found:
        _show_way_on(seen)


def _show_one(seen: _Seen) -> None:
    zone = seen.schedule.calendar.zone
    if seen.paused:
        typer.echo(f"paused since {_moment(seen.paused.at)}: {seen.paused.reason}")
    if seen.schedule.when == "data_ready":
        typer.echo(f"data: {f'up to {_moment(seen.loaded)}' if seen.loaded else 'nobody has asked yet (forebay beat)'}")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("window", "state", "ended", "batch"):
        table.add_column(column, no_wrap=True)
    for status, state in seen.windows:
        ended = _moment(status.closed_at) if status.closed_at else ""
        table.add_row(label(status.window, zone), Text(state, _STYLES.get(state, "")), ended, status.batch or "")
    stdout().print(table)
    _show_way_on(seen)


def _show_way_on(seen: _Seen) -> None:
    if seen.gaps:
        typer.echo(f"{seen.name}: {seen.gaps} to fill → forebay backfill {seen.name}", err=True)


def _emit(found: list[_Seen]) -> None:
    for seen in found:
        for status, state in seen.windows:
            events.emit({"event": "window", "extract": seen.name, "state": state, **_facts(status)})
    summary = [
        {"extract": seen.name, "gaps": seen.gaps, "paused": seen.paused.reason if seen.paused else None}
        for seen in found
    ]
    events.emit({"event": "result", "schema": events.SCHEMA, "exit": 0, "extracts": summary})


def _facts(status: WindowStatus) -> dict[str, Any]:
    return {
        "start": status.window.start.isoformat(),
        "end": status.window.end.isoformat(),
        "batch": status.batch,
        "outcome": status.outcome,
        "ended_at": status.closed_at.isoformat() if status.closed_at else None,
        "told_late": status.told_late,
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
