"""Shows each extract's windows and how they stand: `forebay extracts`."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.extract_standing import ExtractStanding, extract_standing, window_facts
from forebay.cli.output import events, plain_text
from forebay.cli.output.plain_text import styled
from forebay.cli.submitting.definition_names import extract_of
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.extracts.decisions import State
from forebay.scheduler.extracts.removed import RemovedExtract, removed_extracts
from forebay.scheduler.windows.calendar import label

_STYLES = {
    State.LANDED: "green",
    State.RUNNING: "cyan",
    State.LATE: "yellow",
    State.MISSING: "yellow",
    State.PARTIAL: "yellow",
    State.FAILED: "red",
    State.UNREADABLE: "red",
}


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
        statuses = [
            extract_standing(deployment, each, limit) for each in ([name] if name else config.written.spec.extracts)
        ]
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


def _show_all(statuses: list[ExtractStanding]) -> None:
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


def _show_one(extract: ExtractStanding) -> None:
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


def _show_troubles(extract: ExtractStanding) -> None:
    plain_text.remark(*(f"{status.batch}: {status.unreadable}" for status, _ in extract.windows if status.unreadable))


def _show_way_on(extract: ExtractStanding) -> None:
    if extract.gaps:
        plain_text.remark(f"{extract.name}: {extract.gaps} to fill → {extract.way_on}")


def _show_removed(removed: list[RemovedExtract]) -> None:
    """Tells of what nobody adds to any more, and how a renamed one goes on where the old one ended."""
    plain_text.remark(*(extract.sentence for extract in removed))


def _emit(statuses: list[ExtractStanding], removed: list[RemovedExtract], code: Exit) -> None:
    for extract in statuses:
        for status, state in extract.windows:
            events.emit("window", extract=extract.name, state=state, **window_facts(status))
    summary = [
        {"extract": extract.name, "gaps": extract.gaps, "paused": extract.paused.reason if extract.paused else None}
        for extract in statuses
    ]
    gone = [{"extract": each.name, "end": each.end.isoformat()} for each in removed]
    events.result(code, extracts=summary, removed=gone)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
