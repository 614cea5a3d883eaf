"""Expands a definition of the spec into what it comes to: its connection, accounts, policy and queries.

`forebay plan` counts an expansion, `forebay run NAME` and beat submit it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from forebay.config.connections import Config, Connection
from forebay.config.document.definition_sections import CacheSpec
from forebay.config.document.definitions import BatchSpec, DefinitionSpec
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.result_format import ResultFormat
from forebay.config.standing import UNCHANGED, StandingChange
from forebay.governor.deployment.shared_runs import MOST_AGE
from forebay.scheduler.batches.history import PastBatches, PastRuns
from forebay.scheduler.batches.new_batch import new_batch_id
from forebay.scheduler.batches.sharing import MOST_ASKED, Sharing
from forebay.scheduler.costs.budget_bound import RunsBound, Today, on_other_days, run_cost, runs_bound
from forebay.scheduler.costs.prices import Prices, Quantities
from forebay.scheduler.definitions.accounts import is_whole, resolve_accounts
from forebay.scheduler.definitions.definition import Definition, find_definition
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.definitions.expansion import MOST_SQL_BYTES, Expansion, Query, values_of
from forebay.scheduler.definitions.fan_out import FanOutKind, Situation, decide
from forebay.scheduler.definitions.lacking_columns import CountedOn
from forebay.scheduler.definitions.parameters import parameters
from forebay.scheduler.definitions.result_layout import result_layout, write_mode
from forebay.scheduler.definitions.sources import Source, definition_sources, tie_out_sources
from forebay.scheduler.definitions.spec_to_policy import Asked, policy_of
from forebay.scheduler.splitting.beforehand import Beforehand
from forebay.scheduler.sql.template import Template, parse
from forebay.scheduler.sql.wholeness import another_answer
from forebay.scheduler.windows.bounds import instant
from forebay.scheduler.windows.calendar import Calendar, Window, label, window_batch_id
from forebay.store.ledger.batch_policy import RunsFrom
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.records import BatchTerms, Origin
from forebay.store.ledger.use_records import Use

_Known = TypeVar("_Known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What whoever expands a definition wants of it; None and nothing leave all to the spec."""

    connection: Connection | None = None
    output: str | None = None
    standing: StandingChange = UNCHANGED
    result_format: ResultFormat | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    fan_out: FanOutKind | None = None
    past: Callable[[str], PastBatches | None] = lambda _: None
    """What is known of a definition by its name; asked for where `fan_out: auto` depends on it."""
    runs: Callable[[str], PastRuns] = lambda _: {}
    """What single runs of a definition came to; asked for where its windows may be split."""
    uses: Callable[[str, date], list[Use]] = lambda *_: []
    """What was spent of a definition on a day that is not over; asked for where money bounds it."""
    taken: Callable[[Collection[str], date], int] = lambda *_: 0
    """How many runs of a day a definition has taken, under all of its names; as `uses`."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """By which it is decided which price holds."""
    most_sql_bytes: int = MOST_SQL_BYTES
    check_columns: bool = False
    """Whether a SELECT without the columns that are counted on is refused: by whoever is about to submit it."""


AS_WRITTEN = Wanted()


def expand_batch(config: Config, name: str, *, now: datetime, wanted: Wanted = AS_WRITTEN) -> Expansion:
    """Expands `batches.<name>`. Raises `ConfigError` and `InputError`."""
    definition = find_definition(config, "batch", name)
    asked = None
    if isinstance(definition.spec, BatchSpec) and definition.spec.window:
        window = definition.spec.window
        zone = ZoneInfo(window.timezone)
        start, end = (instant(moment, zone) for moment in (window.start, window.end))
        asked = Asked(window=Window(start, end), start=start, timezone=window.timezone)
    terms = _terms(config, definition, wanted, batch_id=f"{name}-{new_batch_id(now)}", source=f"batch {name}")
    return _expand(config, definition, wanted, asked, terms)


def expand_window(
    config: Config, name: str, window: Window, *, again: int = 0, wanted: Wanted = AS_WRITTEN
) -> Expansion:
    """Expands one window of `extracts.<name>`; `again` counts deliberate repeats.

    Raises `ConfigError` and `InputError`.
    """
    definition = find_definition(config, "extract", name)
    calendar = calendar_of(definition.written, name)
    asked = Asked(window=window, start=calendar.query_start(window), timezone=calendar.zone.key)
    source = f"extract {name}, window {label(window, calendar.zone)}"
    terms = _terms(config, definition, wanted, batch_id=window_batch_id(name, window, again), source=source)
    return _expand(config, definition, wanted, asked, terms)


def calendar_of(written: WrittenSpec, name: str) -> Calendar:
    """Reads the windows of `extracts.<name>`. Raises `SpecError`."""
    try:
        return Calendar.of(written.spec.extracts[name].window)
    except ValueError as error:
        raise written.document.error(("extracts", name, "window"), f"extracts.{name}.window: {error}") from error


def _terms(config: Config, definition: Definition, wanted: Wanted, *, batch_id: str, source: str) -> BatchTerms:
    """Says what the batch's record will say, but for its policy and where its results go."""
    return BatchTerms(
        id=batch_id,
        output=destination(config, wanted.output or definition.spec.output),
        result_format=wanted.result_format or definition.spec.result_format or config.result_format,
        column_types=definition.spec.columns,
        nulls=definition.spec.nulls or config.nulls,
        source=source,
        standing=wanted.standing.applied_to(definition.spec.standing.applied_to(config.standing)),
        origin=Origin(params=dict(wanted.params)),
    )


def _expand(
    config: Config, definition: Definition, wanted: Wanted, asked: Asked | None, terms: BatchTerms
) -> Expansion:
    spec = definition.spec
    connection = (wanted.connection or config.connection(spec.connection)).asked_by(spec.api)
    given = parameters(spec.params, definition.matrix, wanted.params, where=f"{definition.section}.{definition.name}")
    queries = tuple(_queries(definition))
    accounts = resolve_accounts(definition.written, spec.accounts) if spec.accounts else ()
    first = values_of(next(iter(given)), asked)
    fan_out = decide(
        wanted.fan_out or spec.fan_out,
        _situation(definition, connection, queries, accounts),
        lambda: _of_any_name(wanted.past, definition),
        lambda: _another_answer(queries, first),
    )
    templates = (
        (query.source.name + combination.suffix + suffix, text, combination.values)
        for query in queries
        for combination in given
        for suffix, text in query.texts
    )
    bounds = _bounds(definition, connection.name, wanted)
    types = terms.result_format == ResultFormat.PARQUET
    policy = policy_of(definition, asked, fan_out.kind, accounts, templates, types=types)
    policy = policy.model_copy(update=bounds.in_policy())
    asks = accounts if accounts and fan_out.kind == "per_account" else (None,)
    expansion = Expansion(
        kind=definition.kind,
        definition=definition.name,
        terms=replace(
            terms,
            policy=policy,
            layout=result_layout(definition, asked),
            write=write_mode(definition),
            by_account=_by_account(spec, fan_out.kind, accounts),
        ),
        connection=connection,
        beforehand=Beforehand(policy.split, _of_any_name(wanted.runs, definition) or {}) if policy.split else None,
        fan_out=fan_out,
        asked=asked,
        queries=queries,
        parameters=given,
        accounts=asks,
        sharing=_sharing(spec.cache, asks) if spec.cache else None,
        bound=bounds.today,
        most_sql_bytes=wanted.most_sql_bytes,
    )
    expansion.check()
    if wanted.check_columns:
        counted_on = CountedOn.of(definition)
        for origin, sql in expansion.samples(ties=False):
            counted_on.refuse(origin, sql)
    return expansion


def _sharing(cache: CacheSpec, accounts: tuple[str | None, ...]) -> Sharing:
    return Sharing(
        max_age=min(cache.max_age.elapsed, MOST_AGE),
        until_data_moves=cache.until_data_moves,
        accounts=accounts[:MOST_ASKED],
    )


def _by_account(spec: DefinitionSpec, fan_out: FanOutKind, accounts: tuple[str, ...]) -> ByAccount | None:
    if spec.by_account is None or fan_out != "organization":
        return None
    return ByAccount(column=spec.by_account.column, keep=spec.by_account.keep, expected=accounts)


def _of_any_name(ask: Callable[[str], _Known | None], definition: Definition) -> _Known | None:
    """Gets what is known of a definition under the first of its names that tells something."""
    return next(filter(None, map(ask, definition.names)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """How many runs of a definition may begin."""

    today: RunsBound | None
    accepted_on: date | None = None
    """Today, where money makes another bound for other days."""
    on_other_days: tuple[RunsFrom, ...] = ()

    def in_policy(self) -> dict[str, object]:
        return {
            "runs_per_day": self.today.runs if self.today else None,
            "accepted_on": self.accepted_on,
            "runs_on_other_days": self.on_other_days,
        }


def todays_bound(definition: Definition, connection: str, wanted: Wanted) -> RunsBound | None:
    """Says how many runs of a definition may begin today."""
    return _bounds(definition, connection, wanted).today


def _bounds(definition: Definition, connection: str, wanted: Wanted) -> _Bounds:
    """Finds the bounds of today and of other days. What was spent is read only where money decides."""
    budget, names = definition.spec.budget, definition.names
    if budget.cost_per_day is None:
        return _Bounds(today=runs_bound(budget, Prices(), Today()))
    prices, today = Prices.of(definition.written.spec), wanted.now().astimezone(UTC).date()
    days = [today, *prices.changes(connection, today)]
    rules = [rule for day in days if (rule := prices.rule(connection, day))]
    by_history = any(not rule.rates.keys() <= {"runs"} for rule in rules)
    past = _of_any_name(wanted.past, definition) if by_history else None
    one = past.quantities(1) if past else Quantities()
    uses = [use for name in names for use in wanted.uses(name, today)]
    known = Today(
        run_cost=prices.of_quantities(connection, today, one),
        uses=[(today, uses)],
        taken=wanted.taken(names, today),
    )
    later = ((day, prices.of_quantities(connection, day, one)) for day in days[1:])
    return _Bounds(
        today=runs_bound(budget, prices, known),
        accepted_on=today,
        on_other_days=on_other_days(budget, [(today, run_cost(prices, known)), *later]),
    )


def _queries(definition: Definition) -> Iterator[Query]:
    sources = definition_sources(definition)
    ties = tie_out_sources(definition, sources)
    for source in sources:
        tie_source = ties.get(source.name)
        tie_out = _parsed(tie_source) if tie_source else None
        yield Query(source=source, template=_parsed(source), tie_source=tie_source, tie_out=tie_out)


def _parsed(source: Source) -> Template:
    return parse(source.text, origin=source.origin, first_line=source.first_line)


def _situation(
    definition: Definition, connection: Connection, queries: tuple[Query, ...], accounts: tuple[str, ...]
) -> Situation:
    group = definition.spec.accounts
    return Situation(
        accounts=len(accounts),
        key_per_account=connection.key_per_account,
        chosen=group is not None and not is_whole(definition.written, group),
        names_account=any("account" in query.names for query in queries),
    )


def _another_answer(queries: tuple[Query, ...], values: Mapping[str, object]) -> str | None:
    texts = (query.template.render(values) for query in queries)
    return next((what for text in texts if (what := another_answer(text))), None)
