"""Shows slots, who holds them and what stands in the way, and sets limits at run time: `forebay lanes`, `lanes set`."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.following.evidence import standstill
from forebay.cli.following.lane_facts import lane_facts
from forebay.cli.following.lane_limits import nonsense
from forebay.cli.option_groups import ungrouped
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.ends import ends_line
from forebay.config.settings import Settings
from forebay.config.stripe import MAX_RUNNING
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.seen import LaneView

lanes = typer.Typer(invoke_without_command=True, help="Show the lanes, or set their limits while they are in use.")

_CAPS = ", ".join(f"{cap} {mode}" for mode, cap in MAX_RUNNING.items())


@lanes.callback()
def show(context: typer.Context, *, as_json: options.Json = False) -> int:
    """Show each lane: cap, limit, who holds its slots, budgets, refusals, and why it stands still if it does."""
    if context.invoked_subcommand:
        return Exit.OK
    with open_deployment(Settings()) as deployment:
        view = deployment.reader.view
        closing_queue = ClosingQueue(deployment.redis).all()
        seen = view.each_lane()
        shown = [lane_facts(view, lane, closing_queue) for lane in seen if isinstance(lane, LaneView)]
        found = standstill(deployment, seen)
    for facts in shown:
        if as_json:
            events.emit("lane", **facts)
        else:
            plain_text.stdout().print(_table(facts))
    events.tell_causes(found, as_json=as_json)
    code = Exit.OK if len(shown) == len(seen) else Exit.SOME_FAILED
    if as_json:
        events.result(code, lanes=len(shown))
    elif not seen:
        plain_text.remark("no lanes yet; the first batch opens one")
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """What can be set of a lane; None leaves a value as it is."""

    cap: Annotated[int | None, typer.Option(min=1, metavar="N", help=f"Slots; Stripe allows {_CAPS}.")] = None
    margin: Annotated[int | None, typer.Option(min=0, metavar="N", help="Slots left to others.")] = None
    reserve_interactive: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Slots kept from lower classes.")
    ] = None
    reserve_scheduled: Annotated[int | None, typer.Option(min=0, metavar="N", help="Slots kept from backfill.")] = None
    creates_per_s: Annotated[float | None, typer.Option(min=0.01, metavar="N")] = None
    retrieves_per_s: Annotated[float | None, typer.Option(min=0.01, metavar="N")] = None
    requests_per_s: Annotated[float | None, typer.Option(min=0.01, metavar="N")] = None


@lanes.command(name="set")
@ungrouped
def set_limits(
    lane: Annotated[str, typer.Argument(metavar="LANE", help="Its name, as `forebay lanes` shows it.")],
    limits: LimitOptions,
    *,
    as_json: options.Json = False,
) -> int:
    """Change a lane's limits at run time. They outlive later batches, until they are set again."""
    if limits == LimitOptions():
        raise typer.BadParameter("say what to set; --help lists it")
    with open_deployment(Settings()) as deployment:
        view = deployment.reader.view
        if lane not in view.lanes():
            raise NotHere(f"there is no lane {lane!r}; `forebay lanes` lists them")
        wanted = LaneLimits(**asdict(limits))
        if why_not := nonsense(view.lane(lane), wanted, deployment.config):
            raise typer.BadParameter(why_not)
        deployment.lane_steering.limit(lane, wanted)
        facts = lane_facts(view, view.lane(lane), ClosingQueue(deployment.redis).all())
    if as_json:
        events.result(Exit.OK, **facts)
    else:
        plain_text.stdout().print(_table(facts))
    return Exit.OK


def _table(facts: dict[str, Any]) -> Table:
    table = plain_text.table(show_header=False, title=facts["lane"], title_justify="left")
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in _lines(facts):
        table.add_row(name, value)
    return table


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    budgets, refusals = facts["budgets_per_s"], facts["refusals"]
    lines = [
        ("slots", f"{facts['held']} in use, limit {facts['limit']} of cap {facts['cap']}, margin {facts['margin']}"),
        ("of them", f"{facts['alive']} at Stripe, {facts['starting']} starting" if facts["held"] else ""),
        ("set aside", f"{facts['aside']}, for runs beside all batches" if facts["aside"] else ""),
        ("by class", _listed(facts["held_by_class"])),
        ("by batch", _listed(facts["held_by_batch"])),
        ("reserves", _listed(facts["reserves"])),
        ("a second", f"{budgets['create']} creates, {budgets['retrieve']} retrieves, {budgets['all']} in all"),
        ("refusals", _listed(refusals)),
        ("ends", ends_line(facts["ends"])),
    ]
    if facts["oldest_held"]:
        oldest = facts["oldest_held"]
        lines.append(("oldest", f"{oldest['run']}, for {words.duration(oldest['seconds'])}"))
    if facts["paused"]:
        paused = facts["paused"]
        lines.append(("paused", f"for {words.duration(paused['for_s'])}: {paused['reason']}"))
    lines += [("paused", f"{batch}: {reason}") for batch, reason in facts["paused_batches"].items()]
    for gate in facts["closed"]:
        since = f"{gate['gate']} for {words.duration(gate['for_s'])}, next try in {gate['next_try_in_s']} s"
        lines.append(("closed", f"{since}: {gate['reason']}"))
    drift = {**facts["audit"], "unserved": facts["unserved"]}
    if any(drift.values()):
        lines.append(("drift", _listed(drift)))
    return [(name, value) for name, value in lines if value]


def _listed(counts: dict[str, int]) -> str:
    """Lists what is not zero."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)
