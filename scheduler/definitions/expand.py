"""From a definition of the spec to what it comes to: its connection, accounts, policy and queries.

`forebay plan` counts an expansion, `forebay run NAME` and beat submit it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from forebay.config.connections import Config, Connection
from forebay.config.document.definitions import BatchSpec, DefinitionSpec, ExtractSpec
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.document.strict import did_you_mean
from forebay.config.errors import ConfigError
from forebay.config.result_format import ResultFormat
from forebay.config.standing import UNCHANGED, StandingChange
from forebay.governor.shared_runs import MOST_AGE
from forebay.scheduler.batches.history import PastBatches, PastRuns
from forebay.scheduler.batches.new_batch import new_batch_id
from forebay.scheduler.definitions.accounts import is_whole, resolve_accounts
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.definitions.expansion import MOST_SQL_BYTES, Expansion, Kind, Query, values_of
from forebay.scheduler.definitions.fan_out import FanOut, Situation, decide
from forebay.scheduler.definitions.parameters import parameters
from forebay.scheduler.definitions.policies import Asked, policy_of
from forebay.scheduler.definitions.sources import Source, definition_sources, tie_out_sources
from forebay.scheduler.splitting.beforehand import Beforehand
from forebay.scheduler.sql.template import Template, parse
from forebay.scheduler.sql.wholeness import another_answer
from forebay.scheduler.windows.bounds import instant
from forebay.scheduler.windows.calendar import Calendar, Window, label, window_batch_id
from forebay.store.records import BatchTerms

Spec = TypeVar("Spec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What whoever expands a definition has to say about it; None and nothing leave all to the spec."""

    connection: Connection | None = None
    output: str | None = None
    standing: StandingChange = UNCHANGED
    result_format: ResultFormat | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    past: Callable[[str], PastBatches | None] = lambda _: None
    """What is known of a definition by its name; asked for where `fan_out: auto` depends on it."""
    runs: Callable[[str], PastRuns] = lambda _: {}
    """What single runs of a definition came to; asked for where its windows may be split."""
    most_sql_bytes: int = MOST_SQL_BYTES


AS_WRITTEN = Wanted()


def expand_batch(config: Config, name: str, *, now: datetime, wanted: Wanted = AS_WRITTEN) -> Expansion:
    """What `batches.<name>` comes to. Raises `ConfigError` and `InputError`."""
    written = _written(config)
    definition = _definition(written.spec.batches, "batch", name)
    asked = None
    if definition.window:
        zone = ZoneInfo(definition.window.timezone)
        start, end = (instant(moment, zone) for moment in (definition.window.start, definition.window.end))
        asked = Asked(window=Window(start, end), start=start, timezone=definition.window.timezone)
    return _expand(
        config,
        "batch",
        name,
        definition,
        batch_id=f"{name}-{new_batch_id(now)}",
        asked=asked,
        source=f"batch {name}",
        wanted=wanted,
    )


def expand_window(
    config: Config,
    name: str,
    window: Window,
    *,
    again: int = 0,
    wanted: Wanted = AS_WRITTEN,
) -> Expansion:
    """What one window of `extracts.<name>` comes to; `again` counts deliberate repeats.

    Raises `ConfigError` and `InputError`.
    """
    written = _written(config)
    definition = _definition(written.spec.extracts, "extract", name)
    calendar = calendar_of(written, name)
    asked = Asked(window=window, start=calendar.query_start(window), timezone=definition.window.timezone)
    return _expand(
        config,
        "extract",
        name,
        definition,
        batch_id=window_batch_id(name, window, again),
        asked=asked,
        source=f"extract {name}, window {label(window, calendar.zone)}",
        wanted=wanted,
    )


def calendar_of(written: WrittenSpec, name: str) -> Calendar:
    """The windows of `extracts.<name>`. Raises `SpecError`."""
    try:
        return Calendar.of(written.spec.extracts[name].window)
    except ValueError as error:
        raise written.document.error(("extracts", name, "window"), f"extracts.{name}.window: {error}") from error


def _expand(
    config: Config,
    kind: Kind,
    name: str,
    definition: ExtractSpec | BatchSpec,
    *,
    batch_id: str,
    asked: Asked | None,
    source: str,
    wanted: Wanted,
) -> Expansion:
    written, section = _written(config), f"{kind}s" if kind == "extract" else "batches"
    connection = wanted.connection or config.connection(definition.connection)
    matrix = definition.matrix if isinstance(definition, BatchSpec) else {}
    given = parameters(definition.params, matrix, wanted.params, where=f"{section}.{name}")
    queries = tuple(_queries(written, section, name))
    accounts = resolve_accounts(written, definition.accounts) if definition.accounts else ()
    first = values_of(next(iter(given)), asked)
    fan_out = _fan_out(written, name, definition, connection, queries, accounts, first, wanted)
    templates = (
        (query.source.name + combination.suffix + suffix, template_text, combination.values)
        for query in queries
        for combination in given
        for suffix, template_text in query.texts
    )
    policy = policy_of(
        config,
        name,
        definition,
        kind=kind,
        asked=asked,
        fan_out=fan_out.kind,
        accounts=accounts,
        templates=templates,
    )
    expansion = Expansion(
        kind=kind,
        definition=name,
        terms=BatchTerms(
            id=batch_id,
            output=destination(config, wanted.output or definition.output),
            result_format=wanted.result_format or definition.result_format or config.result_format,
            source=source,
            standing=wanted.standing.applied_to(definition.standing.applied_to(config.standing)),
            policy=policy,
        ),
        connection=connection,
        beforehand=Beforehand(policy.split, wanted.runs(name)) if policy.split else None,
        fan_out=fan_out,
        asked=asked,
        queries=queries,
        parameters=given,
        accounts=accounts if accounts and fan_out.kind == "per_account" else (None,),
        share_for=min(definition.cache.max_age.elapsed, MOST_AGE) if definition.cache else None,
        runs_per_day=definition.budget.runs_per_day,
        most_sql_bytes=wanted.most_sql_bytes,
    )
    expansion.check()
    return expansion


def _queries(written: WrittenSpec, section: str, name: str) -> Iterator[Query]:
    sources = definition_sources(written, section, name)
    ties = tie_out_sources(written, section, name, sources)
    for source in sources:
        tie_source = ties.get(source.name)
        tie_out = _parsed(tie_source) if tie_source else None
        yield Query(source=source, template=_parsed(source), tie_source=tie_source, tie_out=tie_out)


def _parsed(source: Source) -> Template:
    return parse(source.text, origin=source.origin, first_line=source.first_line)


def _fan_out(
    written: WrittenSpec,
    name: str,
    definition: DefinitionSpec,
    connection: Connection,
    queries: tuple[Query, ...],
    accounts: tuple[str, ...],
    values: Mapping[str, object],
    wanted: Wanted,
) -> FanOut:
    def another_answer_of_any() -> str | None:
        texts = (query.template.render(values) for query in queries)
        return next((what for text in texts if (what := another_answer(text))), None)

    situation = Situation(
        accounts=len(accounts),
        key_per_account=connection.key_per_account,
        chosen=definition.accounts is not None and not is_whole(written, definition.accounts),
        names_account=any("account" in query.names for query in queries),
    )
    return decide(definition.fan_out, situation, lambda: wanted.past(name), another_answer_of_any)


def _written(config: Config) -> WrittenSpec:
    if config.written is None:
        raise ConfigError("there is no spec file here: extracts and batches are defined in one (forebay.yaml)")
    return config.written


def _definition(section: Mapping[str, Spec], kind: str, name: str) -> Spec:
    if name not in section:
        hint = did_you_mean(name, [*section]) if section else ""
        raise ConfigError(f"the spec has no {kind} '{name}'{hint}")
    return section[name]
