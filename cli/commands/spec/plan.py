"""Shows the whole expansion of definitions before anything is spent: `forebay plan`."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated, Any

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.options import BatchOptions, DefinitionOptions
from forebay.cli.output import events, plain_text, words
from forebay.cli.submitting import account_keys, definition_names
from forebay.cli.submitting.definition_names import is_query_source
from forebay.cli.submitting.expanding import NoWindowYet
from forebay.cli.submitting.plan_rows import lane_rows, request_rows, rows_of, time_rows
from forebay.cli.submitting.planned import Planned, expected_cost, plan_of
from forebay.cli.submitting.request import read_request
from forebay.config.load import load_config
from forebay.config.same_key import check_keys_differ
from forebay.config.settings import Settings
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.definitions.estimate import estimate
from forebay.scheduler.definitions.expansion import Expansion

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
    plans: list[Planned] = []
    for name in meant:
        try:
            planned = plan_of(settings, config, name, definition)
        except NoWindowYet as error:
            if names:
                raise
            _none_yet(name, error, as_json=as_json)
            continue
        plans.append(planned)
        if as_json:
            events.emit("plan", **_facts(planned))
        else:
            plain_text.say(*_lines(planned))
    _tell_total(plans, as_json=as_json)
    return Exit.OK


def _tell_total(plans: list[Planned], *, as_json: bool) -> None:
    """Tells what all of it comes to; its cost only if that of each is known."""
    runs, costs = sum(planned.runs for planned in plans), [planned.cost for planned in plans if planned.runs]
    cost = None if None in costs or not costs else sum((each for each in costs if each), Decimal(0))
    currency = plans[0].prices.currency if plans else None
    if as_json:
        events.result(Exit.OK, runs=runs, cost=cost, currency=currency)
    elif len(plans) > 1:
        plain_text.say("", f"{words.runs(runs)} in all" + ("" if cost is None else f", {words.money(cost, currency)}"))


def _queries(options: BatchOptions, *, as_json: bool) -> int:
    """Shows what queries that are handed in come to: how long they take is not known of those."""
    request = read_request(options)
    connection, lanes = request.new.connection, request.lanes
    time = estimate(lanes, connection, None)
    prices = Prices.of(request.config.written.spec if request.config.written else None)
    cost = expected_cost(prices, connection.name, request.size, None)
    if as_json:
        facts = {"runs": request.size, "connection": connection.name, "lanes": lanes, "slots": time.slots}
        priced = {"cost": cost, "currency": prices.currency}
        wanted = {"output": request.new.terms.output, "format": request.new.terms.result_format, **priced}
        events.emit("plan", kind="queries", **facts, estimate_s=round(time.seconds, 1), bound_by=time.bound, **wanted)
        events.result(Exit.OK, runs=request.size, **priced)
        return Exit.OK
    rows = [
        *lane_rows(connection, lanes),
        *request_rows(connection),
        *time_rows(time, None),
        ("goes to", f"{words.place(request.new.terms.output)}/, in a folder with the batch's id"),
    ]
    if cost is not None:
        rows.append(("cost", f"{words.money(cost, prices.currency)} for {words.runs(request.size)}"))
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
    yield from _laid_out(rows_of(planned))
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
        "runs_per_day": expansion.bound and expansion.bound.runs,
        "accepted_today": planned.spent,
        "new_query_runs": planned.runs,
        "run_rows": planned.past and planned.past.run_rows,
        "run_bytes": planned.past and planned.past.run_bytes,
        "cache_would_save": planned.alike,
        "cost": planned.cost,
        "currency": planned.prices.currency,
        "without_key": list(planned.keyless),
    }
