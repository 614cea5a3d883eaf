"""Says what was spent, and what it cost where a price is set: `forebay costs`."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.config.load import load_config
from forebay.config.near_miss import near_miss
from forebay.config.periods import Period
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.costs.spending import By, CostSum, spending
from forebay.scheduler.errors import InputError
from forebay.scheduler.extracts.ready import QUESTION
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.use_records import Use

#: What stands where a use has no name of that kind.
_NAMELESS = {By.DEFINITION: "(plain queries)", By.ACCOUNT: "(the key's own)"}
_PROBES = "(is data ready?)"


def _day(text: str) -> date:
    """Reads `7d`, or a day in UTC: a local midnight would be another day's hour."""
    with suppress(ValueError):
        return (datetime.now(UTC) - Period.parse(text).elapsed).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is neither an age such as 7d nor a day such as 2026-11-01") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOptions:
    """What is summed up, and by what."""

    by: Annotated[
        list[By] | None,
        typer.Option(
            parser=options.one_of(By, "nothing to sum by"),
            metavar="|".join(By),
            help="What sums are made for; may be given twice. [default: definition]",
        ),
    ] = None
    since: Annotated[
        date | None,
        typer.Option(parser=_day, metavar="7d|DATE", help="From this day (UTC) on. [default: 30 days before --until]"),
    ] = None
    until: Annotated[date | None, typer.Option(parser=_day, metavar="DATE", help="Before this day (UTC).")] = None
    definition: Annotated[str | None, typer.Option(metavar="NAME", help="Of this batch or extract only.")] = None
    connection: Annotated[str | None, typer.Option(metavar="NAME", help="Of this connection only.")] = None
    account: Annotated[str | None, typer.Option(metavar="acct_…", help="Of this account only.")] = None
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many sums are shown.")] = 50

    @property
    def days(self) -> tuple[date, date]:
        """Gives the first day, and the one after the last."""
        today = datetime.now(UTC).date()
        return self.since or (self.until or today) - timedelta(days=30), self.until or today + timedelta(days=1)

    @property
    def names(self) -> dict[By, str]:
        """Gives the names to which it is narrowed."""
        named = {By.DEFINITION: self.definition, By.CONNECTION: self.connection, By.ACCOUNT: self.account}
        return {by: name for by, name in named.items() if name is not None}

    def key(self, use: Use) -> tuple[str, ...] | None:
        """Says which sum a use belongs to; None if it is left out."""
        if any(by.of(use) != name for by, name in self.names.items()):
            return None
        return tuple(by.of(use) for by in self.keys)

    @property
    def keys(self) -> Sequence[By]:
        """Lists what sums are made for, each once."""
        return list(dict.fromkeys(self.by or [By.DEFINITION]))


def costs(wanted: CostOptions, *, as_json: options.Json = False) -> int:
    """Show what was spent, and its cost where the spec has prices.

    Each QueryRun that has ended is counted once, on the day (UTC) on which Stripe created it: attempts that failed,
    parts of a split, runs that were canceled and questions whether data is ready, too.
    """
    settings = Settings()
    config = load_config(settings)
    prices = Prices.of(config.written.spec if config.written else None)
    since, until = wanted.days
    if since >= until:
        raise InputError(f"--since {since} is not before {f'--until {until}' if wanted.until else 'tomorrow'}")
    uses = Ledger(open_stores(settings).open(settings.ledger)).uses
    seen: dict[By, set[str]] = {by: set() for by in wanted.names}

    def whose(use: Use) -> tuple[str, ...] | None:
        for by, names in seen.items():
            names.add(by.of(use))
        return wanted.key(use)

    sums = spending(uses.days(since, until), whose, prices.of_use)
    ordered = sorted(sums.items(), key=lambda item: _order(wanted.keys, *item))
    total = sum(sums.values(), CostSum())
    if as_json:
        for key, each in ordered[: wanted.limit]:
            events.emit("cost", **_names(wanted.keys, key), **_facts(each, prices))
        more = len(ordered) > wanted.limit
        events.result(Exit.OK, since=since, until=until, **_facts(total, prices), more=more)
        return Exit.OK
    if ordered:
        console = plain_text.stdout()
        shown = _table(wanted, ordered[: wanted.limit], total, prices)
        console.print(plain_text.whole(shown, console))
    plain_text.remark(*_remarks(wanted, total, prices, len(ordered)), *_unknown_names(wanted, seen))
    return Exit.OK


def _order(keys: Sequence[By], key: tuple[str, ...], each: CostSum) -> tuple[object, ...]:
    """Puts what cost most first; of days the newest."""
    day = -date.fromisoformat(key[0]).toordinal() if keys[0] is By.DAY else 0
    return day, -each.cost, -each.runs, key


def _table(wanted: CostOptions, rows: list[tuple[tuple[str, ...], CostSum]], total: CostSum, prices: Prices) -> Any:
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


def _unknown_names(wanted: CostOptions, seen: dict[By, set[str]]) -> Iterator[str]:
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


def _names(keys: Sequence[By], key: tuple[str, ...]) -> dict[str, str | None]:
    return {by.value: name or None for by, name in zip(keys, key, strict=True)}


def _facts(each: CostSum, prices: Prices) -> dict[str, Any]:
    known = prices.currency is not None and (each.unpriced < each.runs or not each.runs)
    return {
        "runs": each.runs,
        "failed": each.failed,
        "canceled": each.canceled,
        "repeats": each.repeats,
        "shared": each.shared,
        "unknown": each.unknown,
        "rows": each.rows,
        "bytes": each.bytes,
        "seconds": each.ms / 1000,
        "cost": each.cost if known else None,
        "currency": prices.currency,
        "unpriced": each.unpriced,
    }
