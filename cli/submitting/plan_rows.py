"""Says for people what a definition comes to, a labelled line each: for `forebay plan`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from forebay.cli.output import words
from forebay.cli.submitting.planned import Planned
from forebay.config.connections import Connection
from forebay.config.result_format import ResultFormat
from forebay.config.stripe import MAX_QUERY_S, MAX_RESULT_BYTES
from forebay.scheduler.batches.history import PastBatches
from forebay.scheduler.definitions.estimate import Estimate
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.definitions.spec_to_policy import Asked

#: Lanes that are told one by one: with a key for each account there are as many as accounts.
MOST_LANES = 5

#: A label, empty for what goes on from the line above, and what is said.
Row = tuple[str, str]


def rows_of(planned: Planned) -> Iterator[Row]:
    """Yields what there is to say of a definition, in the order in which it matters."""
    expansion, time = planned.expansion, planned.estimate
    if expansion.asked:
        yield from _window(expansion.asked)
    whole = expansion.fan_out.kind == "organization"
    yield "asks", _asked(expansion)
    if whole:
        yield "", "accounts of the organization that the group does not name are among the results"
    yield from lane_rows(expansion.connection, expansion.lanes)
    budgets = expansion.connection.budgets
    yield from request_rows(expansion.connection)
    if cut := expansion.cut():
        near = f"their last windows came near to {MAX_RESULT_BYTES / 1e9:g} GB or {MAX_QUERY_S // 60} min"
        yield "cut", f"{words.runs(len(cut))} before anything is spent, into {sum(cut):,} parts: {near}"
    yield from time_rows(time, planned.past)
    if not time.fills:
        yield "", f"creates of {budgets.creates_per_s:g}/s cannot fill the cap with runs of {time.run_s:.0f} s:"
        yield "", f"at most {time.alive} of {time.slots} slots are busy at a time"
    if planned.past and planned.past.run_rows is not None:
        yield "rows", f"about {round(planned.past.run_rows * planned.runs):,}, if they come to what the last ones did"
    way = " by way of _quarantine/" if expansion.policy.quarantined else ""
    yield "goes to", f"{words.folder(expansion.terms)}{way}"
    if sorting := expansion.terms.by_account:
        yield "", f"an object for each account, by the column {sorting.column}"
    if expansion.terms.result_format != ResultFormat.AUTO:
        yield "", f"all of it as {expansion.terms.result_format}, however large or small a result is"
    if expansion.terms.result_format == ResultFormat.PARQUET:
        yield from _types(planned)
    yield from _sharing(planned)
    yield from _budget(planned)
    yield from _cost(planned)


def _asked(expansion: Expansion) -> str:
    if expansion.fan_out.kind == "organization":
        return f"the whole organization: {expansion.fan_out.why}"
    whom = "the key's own account" if expansion.accounts == (None,) else "each account"
    return f"{whom}: {expansion.fan_out.why}"


def _types(planned: Planned) -> Iterator[Row]:
    """Says which types columns have, and what the tables that were fetched say of others."""
    typed = planned.expansion.terms.column_types
    said = "".join(f"{name} {kind}, " for name, kind in typed.items())
    yield "types", f"{said}{'others' if typed else 'all'} as Stripe tells, or else text"
    known = {name: kind for name, kind in planned.known_types.items() if name not in typed}
    if known:
        listed = ", ".join(f"{name}: {kind}" for name, kind in sorted(known.items()))
        yield "", f"the schema makes these sure, for `columns` of the spec: {{{listed}}}"


def _window(asked: Asked) -> Iterator[Row]:
    zone = ZoneInfo(asked.timezone)
    moments = [at.astimezone(zone) for at in (asked.window.start, asked.window.end, asked.start)]
    # Where the clocks change in between, times alone would be ambiguous: an hour from 02:00 to 02:00.
    changes = len({at.utcoffset() for at in moments}) > 1
    first, last, read = (f"{at:%Y-%m-%d %H:%M}{f'{at:%z}' if changes else ''}" for at in moments)
    yield "window", f"{first} … {last} ({zone.key})"
    if read != first:
        yield "", f"read from {read} on"


def _sharing(planned: Planned) -> Iterator[Row]:
    expansion = planned.expansion
    if planned.shared is not None:
        whom = f"among themselves or with those of the last {_age(expansion)}"
        yield "shared", f"{planned.shared:,} of {words.runs(expansion.size)}, {whom}{_saved(planned)}"
    elif planned.alike:
        others = "others of it, or of its last batch, ask the same"
        saves = _saves(planned, planned.alike)
        yield "cache", f"would save {planned.alike:,} of {words.runs(expansion.size)}{saves}: {others}"


def _budget(planned: Planned) -> Iterator[Row]:
    expansion = planned.expansion
    if planned.unbounded:
        later = planned.prices.changes(expansion.connection.name, datetime.now(UTC).date())
        until = f" before {later[0]}" if later else ""
        yield "budget", f"no price holds{until}, so budget.cost_per_day bounds nothing"
    if planned.spent is not None and expansion.bound:
        left = max(0, expansion.bound.runs - planned.spent)
        over = (
            "; more than are left, so it would be refused" if expansion.size > left and planned.accepted is None else ""
        )
        says = "" if expansion.bound.why.startswith("budget.runs_per_day") else f" ({expansion.bound.why})"
        taken = f"{planned.spent:,} of them taken today (UTC)"
        yield "budget", f"{expansion.bound.runs:,} runs a day{says}, {taken}{over}"


def _cost(planned: Planned) -> Iterator[Row]:
    if planned.cost is not None:
        about = "" if planned.past is None else "about "
        yield "cost", f"{about}{words.money(planned.cost, planned.prices.currency)} for {words.runs(planned.runs)}"
    elif planned.prices.rule(planned.expansion.connection.name, datetime.now(UTC).date()):
        yield "cost", "not known before one batch has landed: its price goes by what runs come to"


def _saved(planned: Planned) -> str:
    saves = _saves(planned, planned.shared or 0)
    return f": saves{saves.removeprefix(',')}" if saves else ""


def _saves(planned: Planned, runs: int) -> str:
    saved = planned.cost_of(runs)
    return f", {words.money(saved, planned.prices.currency)}" if saved else ""


def request_rows(connection: Connection) -> Iterator[Row]:
    """Yields how often Stripe is asked."""
    budgets = connection.budgets
    looks = f"{budgets.retrieves_per_s:g} looks/s"
    yield "requests", f"at most {budgets.creates_per_s:g} creates/s, {looks}, {budgets.requests_per_s:g}/s in all"


def lane_rows(connection: Connection, lanes: Mapping[str, int]) -> Iterator[Row]:
    """Yields how many runs fall into each lane, and the slots of it."""
    slots = f"{connection.cap - connection.margin} slots"
    if connection.margin:
        slots += f" (cap {connection.cap} − margin {connection.margin})"
    for number, (lane, runs) in enumerate(lanes.items()):
        if number == MOST_LANES:
            yield "", f"and {len(lanes) - MOST_LANES} more lanes"
            break
        yield "" if number else "lanes", f"{lane}: {words.runs(runs)}, {slots}"


def time_rows(time: Estimate, past: PastBatches | None) -> Iterator[Row]:
    """Yields how long it takes, and by what that is known."""
    about = words.duration(max(1, time.seconds))
    if time.run_s is None:
        yield "time", f"at least {about}, for {time.bound}"
        yield "", "how long its queries take is not known before one batch has landed"
    else:
        batches = "batch" if past is None or past.batches == 1 else f"{past.batches} batches"
        yield "time", f"about {about} at best, bound by {time.bound}"
        yield "", f"(runs took {time.run_s:.0f} s{_came_to(past)} in its last {batches})"


def _came_to(past: PastBatches | None) -> str:
    """Says how large the results of runs were."""
    if past is None or past.run_rows is None:
        return ""
    size = "" if past.run_bytes is None else f" and {words.size(round(past.run_bytes))}"
    return f", and came to {words.counted(round(past.run_rows), 'row')}{size} each,"


def _age(expansion: Expansion) -> str:
    if expansion.sharing is None:
        return ""
    hours = expansion.sharing.max_age.total_seconds() / 3600
    return f"{hours:g} h" if hours < 48 else f"{hours / 24:g} days"
