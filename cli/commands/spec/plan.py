"""Shows the whole expansion of definitions before anything is spent: `forebay plan`."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.options import BatchOptions, DefinitionOptions
from forebay.cli.output import events, plain_text, words
from forebay.cli.submitting import account_keys, definition_names
from forebay.cli.submitting.definition_names import is_query_source
from forebay.cli.submitting.expanding import NoWindowYet
from forebay.cli.submitting.planned import Planned, plan_of
from forebay.cli.submitting.request import read_request
from forebay.config.connections import Connection
from forebay.config.load import load_config
from forebay.config.result_format import ResultFormat
from forebay.config.same_key import check_keys_differ
from forebay.config.settings import Settings
from forebay.config.stripe import MAX_QUERY_S, MAX_RESULT_BYTES
from forebay.scheduler.definitions.estimate import Estimate, estimate
from forebay.scheduler.definitions.expansion import Expansion

#: Lanes that are told one by one: with a key for each account there are as many as accounts.
MOST_LANES = 5

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME|QUERIES",
        help="Batches and extracts of the spec, without any all of them; or files of queries.",
        show_default=False,
    ),
]


def plan(definition: DefinitionOptions, names: Names = None, *, as_json: options.Json = False) -> int:
    """Show what definitions or queries come to, and spend nothing on it.

    That is runs, lanes, time, destinations, cost. A definition is a batch or an extract of the spec; without a name it
    is all of them.
    """
    settings = Settings()
    config = load_config(settings)
    check_keys_differ(config.connections.values())
    if any(is_query_source(config, name) for name in names or ()):
        return _queries(BatchOptions(queries=names or [], definition=definition), as_json=as_json)
    meant = definition_names.meant(config, names, several=not (definition.window or definition.param))
    runs, cost = 0, 0.0
    for name in meant:
        try:
            planned = plan_of(settings, config, name, definition)
        except NoWindowYet as error:
            if names:
                raise
            _none_yet(name, error, as_json=as_json)
            continue
        runs, cost = runs + planned.runs, cost + (planned.cost or 0)
        if as_json:
            events.emit("plan", **_facts(planned))
        else:
            plain_text.say(*_lines(planned))
    if as_json:
        priced = config.written is not None and config.written.spec.defaults.price_per_run is not None
        total = {"runs": runs, "cost": cost if priced else None}
        events.result(Exit.OK, **total)
    elif len(meant) > 1:
        plain_text.say("", f"{words.runs(runs)} in all" + (f", {cost:,.2f}" if cost else ""))
    return Exit.OK


def _queries(options: BatchOptions, *, as_json: bool) -> int:
    """Shows what queries that are handed in come to: how long they take is not known of those."""
    request = read_request(options)
    connection, lanes = request.new.connection, request.lanes
    time = estimate(lanes, connection, None)
    price = request.config.written.spec.defaults.price_per_run if request.config.written else None
    cost = None if price is None else request.size * price
    if as_json:
        facts = {"runs": request.size, "connection": connection.name, "lanes": lanes, "slots": time.slots}
        wanted = {"output": request.new.terms.output, "format": request.new.terms.result_format, "cost": cost}
        events.emit("plan", kind="queries", **facts, estimate_s=round(time.seconds, 1), bound_by=time.bound, **wanted)
        events.result(Exit.OK, runs=request.size, cost=cost)
        return Exit.OK
    rows = [
        *_lanes(connection, lanes),
        *_requests(connection),
        *_time(time, 0),
        ("goes to", f"{words.place(request.new.terms.output)}/, in a folder with the batch's id"),
    ]
    if cost is not None:
        rows.append(("cost", f"{cost:,.2f} for {words.runs(request.size)}, at {price:g} each"))
    plain_text.say(f"{request.new.terms.source}: {words.runs(request.size)}", *_laid_out(rows))
    return Exit.OK


def _none_yet(name: str, error: NoWindowYet, *, as_json: bool) -> None:
    """Tells of an extract that begins later, which is no fault of a spec that is planned as a whole."""
    if as_json:
        events.emit("plan", name=name, kind="extract", runs=0, message=str(error))
    else:
        plain_text.say(f"extract {name}: {error}")


def _lines(planned: Planned) -> Iterator[str]:
    expansion, connection = planned.expansion, planned.expansion.connection
    yield f"{expansion.terms.source}: {words.runs(expansion.size)} ({_made_of(expansion)})"
    yield from _laid_out(_rows(planned))
    if planned.accepted is not None:
        landed = f"{planned.landed} of {words.runs(planned.accepted)} landed"
        yield f"  accepted already as batch {expansion.terms.id}: {landed}, and nothing is run again"
    elif planned.keyless:
        yield f"  {account_keys.sentence(planned.keyless, len(expansion.accounts))}"
    elif connection.key_per_account:
        yield f"  each account is asked with its own key ({connection.secret})"


def _laid_out(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for label, text in rows:
        for number, line in enumerate(_fitted(text)):
            yield f"  {'' if number else label:<9} {line}"


def _fitted(text: str) -> list[str]:
    """Breaks text into lines that a terminal need not break in the midst of a word; piped, into one."""
    if not sys.stdout.isatty():
        return [text]
    width = max(20, shutil.get_terminal_size().columns - 13)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _made_of(expansion: Expansion) -> str:
    """Writes `12 queries × 2 combinations × 38 accounts`."""
    ties = sum(1 for query in expansion.queries if query.tie_out)
    parts = [_count(len(expansion.queries), "query", "queries") + (" with a tie-out each" if ties else "")]
    if len(expansion.parameters) > 1:
        parts.append(f"{len(expansion.parameters)} combinations")
    if expansion.accounts != (None,):
        parts.append(_count(len(expansion.accounts), "account", "accounts"))
    return " × ".join(parts)


def _rows(planned: Planned) -> Iterator[tuple[str, str]]:
    expansion, time = planned.expansion, planned.estimate
    if expansion.asked:
        window = expansion.asked.window
        zone = ZoneInfo(expansion.asked.timezone)
        moments = [at.astimezone(zone) for at in (window.start, window.end, expansion.asked.start)]
        # Where the clocks change in between, times alone would be ambiguous: an hour from 02:00 to 02:00.
        changes = len({at.utcoffset() for at in moments}) > 1
        first, last, read = (f"{at:%Y-%m-%d %H:%M}{f'{at:%z}' if changes else ''}" for at in moments)
        yield "window", f"{first} … {last} ({zone.key})"
        if read != first:
            yield "", f"read from {read} on"
    whole = expansion.fan_out.kind == "organization"
    yield "asks", f"{'the whole organization' if whole else 'each account'}: {expansion.fan_out.why}"
    if whole:
        yield "", "accounts of the organization that the group does not name are among the results"
    yield from _lanes(expansion.connection, expansion.lanes)
    budgets = expansion.connection.budgets
    yield from _requests(expansion.connection)
    if cut := expansion.cut():
        near = f"their last windows came near to {MAX_RESULT_BYTES / 1e9:g} GB or {MAX_QUERY_S // 60} min"
        yield "cut", f"{words.runs(len(cut))} before anything is spent, into {sum(cut):,} parts: {near}"
    yield from _time(time, planned.batches_known)
    if not time.fills:
        yield "", f"creates of {budgets.creates_per_s:g}/s cannot fill the cap with runs of {time.run_s:.0f} s:"
        yield "", f"at most {time.alive} of {time.slots} slots are busy at a time"
    way = " by way of _quarantine/" if expansion.policy.quarantined else ""
    yield "goes to", f"{words.place(expansion.terms.output)}/{expansion.terms.id}/{way}"
    if expansion.terms.result_format != ResultFormat.AUTO:
        yield "", f"all of it as {expansion.terms.result_format}, however large or small a result is"
    if planned.shared is not None:
        whom = f"among themselves or with those of the last {_age(expansion)}"
        yield "shared", f"{planned.shared:,} of {words.runs(expansion.size)}, {whom}"
    if planned.spent is not None and expansion.runs_per_day:
        left = max(0, expansion.runs_per_day - planned.spent)
        over = (
            "; more than are left, so it would be refused" if expansion.size > left and planned.accepted is None else ""
        )
        yield "budget", f"{expansion.runs_per_day:,} runs a day, {planned.spent:,} of them accepted today (UTC){over}"
    if planned.cost is not None:
        yield "cost", f"{planned.cost:,.2f} for {words.runs(planned.runs)}, at {planned.price:g} each"


def _requests(connection: Connection) -> Iterator[tuple[str, str]]:
    budgets = connection.budgets
    looks = f"{budgets.retrieves_per_s:g} looks/s"
    yield "requests", f"at most {budgets.creates_per_s:g} creates/s, {looks}, {budgets.requests_per_s:g}/s in all"


def _lanes(connection: Connection, lanes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    slots = f"{connection.cap - connection.margin} slots"
    if connection.margin:
        slots += f" (cap {connection.cap} − margin {connection.margin})"
    for number, (lane, runs) in enumerate(lanes.items()):
        if number == MOST_LANES:
            yield "", f"and {len(lanes) - MOST_LANES} more lanes"
            break
        yield "" if number else "lanes", f"{lane}: {words.runs(runs)}, {slots}"


def _time(time: Estimate, batches_known: int) -> Iterator[tuple[str, str]]:
    about = words.duration(max(1, time.seconds))
    if time.run_s is None:
        yield "time", f"at least {about}, for {time.bound}"
        yield "", "how long its queries take is not known before one batch has landed"
    else:
        batches = "batch" if batches_known == 1 else f"{batches_known} batches"
        yield "time", f"about {about} at best, bound by {time.bound}"
        yield "", f"(runs took {time.run_s:.0f} s in its last {batches})"


def _age(expansion: Expansion) -> str:
    if expansion.share_for is None:
        return ""
    hours = expansion.share_for.total_seconds() / 3600
    return f"{hours:g} h" if hours < 48 else f"{hours / 24:g} days"


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _facts(planned: Planned) -> dict[str, Any]:
    expansion, time, budgets = planned.expansion, planned.estimate, planned.expansion.connection.budgets
    window, cut = expansion.policy.window, expansion.cut()
    return {
        "name": expansion.definition,
        "kind": expansion.kind,
        "batch": expansion.terms.id,
        "window": window.model_dump(mode="json") if window else None,
        "runs": expansion.size,
        "queries": [query.source.name for query in expansion.queries],
        "combinations": len(expansion.parameters),
        "accounts": len(expansion.policy.accounts),
        "fan_out": expansion.fan_out.kind,
        "fan_out_why": expansion.fan_out.why,
        "connection": expansion.connection.name,
        "class": expansion.terms.standing.flow_class,
        "lanes": expansion.lanes,
        "cut": {"runs": len(cut), "parts": sum(cut)},
        "slots": time.slots,
        "alive_at_most": time.alive,
        "creates_per_s": budgets.creates_per_s,
        "retrieves_per_s": budgets.retrieves_per_s,
        "requests_per_s": budgets.requests_per_s,
        "estimate_s": round(time.seconds, 1),
        "bound_by": time.bound,
        "run_s": None if time.run_s is None else round(time.run_s, 1),
        "output": expansion.terms.output,
        "format": expansion.terms.result_format,
        "quarantined": expansion.policy.quarantined,
        "accepted": planned.accepted is not None,
        "landed": planned.landed,
        "shared": planned.shared,
        "runs_per_day": expansion.runs_per_day,
        "accepted_today": planned.spent,
        "new_query_runs": planned.runs,
        "cost": planned.cost,
        "without_key": list(planned.keyless),
    }
