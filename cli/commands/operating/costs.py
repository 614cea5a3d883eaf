"""Says what was spent, and what it cost where a price is set: `forebay costs`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.following.cost_sums import CostOptions, cost_facts, sum_costs
from forebay.cli.output import events, plain_text, words
from forebay.config.load import load_config
from forebay.config.near_miss import near_miss
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.costs.spending import By, CostSum
from forebay.scheduler.extracts.ready import QUESTION
from forebay.store.ledger.ledger import Ledger

#: What stands where a use has no name of that kind.
_NAMELESS = {By.DEFINITION: "(plain queries)", By.ACCOUNT: "(the key's own)"}
_PROBES = "(is data ready?)"


def costs(wanted: CostOptions, *, as_json: options.Json = False) -> int:
    """Show what was spent, and its cost where the spec has prices.

    Each QueryRun that has ended is counted once, on the day (UTC) on which Stripe created it: attempts that failed,
    parts of a split, runs that were canceled and questions whether data is ready, too.
    """
    settings = Settings()
    config = load_config(settings)
    found = sum_costs(config, Ledger(open_stores(settings).open(settings.ledger)), wanted)
    ordered, total, prices, (since, until) = found.sums, found.total, found.prices, wanted.days
    if as_json:
        for row in found.rows(wanted):
            events.emit("cost", **row)
        more = len(ordered) > wanted.limit
        events.result(Exit.OK, since=since, until=until, **cost_facts(total, prices), more=more)
        return Exit.OK
    if ordered:
        console = plain_text.stdout()
        shown = _table(wanted, ordered[: wanted.limit], total, prices)
        console.print(plain_text.whole(shown, console))
    plain_text.remark(*_remarks(wanted, total, prices, len(ordered)), *_unknown_names(wanted, found.seen))
    return Exit.OK


def _table(wanted: CostOptions, rows: Sequence[tuple[tuple[str, ...], CostSum]], total: CostSum, prices: Prices) -> Any:
    table = plain_text.table(*wanted.keys, collapse_padding=True)
    # What there is nothing of takes no room.
    columns = [name for name in ("failed", "canceled", "repeats", "shared") if getattr(total, name)]
    last = ["rows", "size", "time", *(["cost"] if prices.currency else [])]
    for name in ("runs", *columns, *last):
        table.add_column(name, justify="right", no_wrap=True)
    lines = [([_shown(by, name) for by, name in zip(wanted.keys, key, strict=True)], each) for key, each in rows]
    if len(rows) > 1:
        lines.append((["in all", *[""] * (len(wanted.keys) - 1)], total))
    for names, each in lines:
        counts = [f"{getattr(each, name):,}" for name in ("runs", *columns, "rows")]
        cells = [*counts, words.size(each.bytes), words.duration(each.ms / 1000)]
        table.add_row(*names, *cells, *([_cost(each, prices)] if prices.currency else []))
    return table


def _shown(by: By, name: str) -> str:
    if by is By.DEFINITION and name == QUESTION:
        return _PROBES
    return name or _NAMELESS.get(by, "")


def _cost(each: CostSum, prices: Prices) -> str:
    if each.unpriced == each.runs and each.runs:
        return "unknown"
    return f"{'≥ ' if each.unpriced else ''}{words.money(each.cost, prices.currency)}"


def _unknown_names(wanted: CostOptions, seen: Mapping[By, set[str]]) -> Iterator[str]:
    """Says of which name nothing at all was spent: it may be misspelt."""
    for by, name in wanted.names.items():
        if seen[by] and name not in seen[by]:
            yield f"of {by} '{name}' there is nothing{near_miss(name, sorted(filter(None, seen[by])))}"


def _remarks(wanted: CostOptions, total: CostSum, prices: Prices, sums: int) -> Iterator[str]:
    since, until = wanted.days
    if not sums:
        yield f"nothing was spent from {since} to before {until} (UTC); what still runs is counted when it ends"
        return
    if sums > wanted.limit:
        fewer = "or fewer by --since, --definition, --connection, --account"
        yield f"{sums - wanted.limit:,} more: forebay costs --limit {sums}, {fewer}"
    if prices.currency is None:
        yield "what it cost is unknown: the spec has no prices (docs/spec.md)"
    elif total.unpriced:
        what = "what it goes by is not known"
        if total.unpriced == total.runs:
            yield f"what it cost is unknown: no price of the spec holds on these days, or {what}"
        else:
            yield f"no price for {total.unpriced:,} of {words.runs(total.runs)}: none holds, or {what}"
    if total.unknown:
        creates = words.counted(total.unknown, "create")
        yield f"{creates} may have been carried out, and Stripe never said: not counted above"
