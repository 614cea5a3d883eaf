"""Checks definitions of the spec without running anything: each query is read, rendered with sample values, and read.

Called by `forebay validate`. Nothing is contacted, and nothing stops at the first mistake: every remark names the file
and the line that its author has to change, which for SQL is a line of the template. `scheduler/sql/trino/judge.py`
judges the SQL.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from forebay.config.connections import Config
from forebay.config.document.definitions import BatchSpec, DefinitionSpec
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError, SpecError
from forebay.config.near_miss import did_you_mean
from forebay.scheduler.definitions.accounts import resolve_accounts
from forebay.scheduler.definitions.definition import Definition, definitions_of
from forebay.scheduler.definitions.expand import calendar_of, expand_batch, expand_window
from forebay.scheduler.definitions.lacking_columns import WHOSE_ROW, CountedOn
from forebay.scheduler.definitions.sources import Source, definition_sources, tie_out_sources
from forebay.scheduler.errors import InputError, SourceError, TemplateError
from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.soundness import END, START, unsound
from forebay.scheduler.sql.template import Template, parse
from forebay.scheduler.sql.trino.judge import columns_of, judge
from forebay.scheduler.sql.trino.selects import Tables

#: Stands for each account of a group; what they are makes no difference to the SQL.
_SAMPLE_ACCOUNT = "acct_SAMPLE"
#: Remarks that stand for SQL, or a name in it, which nobody could read: then it is not known what is unused.
_UNREAD = frozenset({"source", "template"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to change, or to think about."""

    file: str
    line: int
    rule: str
    """Names its kind for machines."""
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What was checked, and what there is to remark."""

    definitions: int
    queries: int
    remarks: tuple[Remark, ...]
    """Each thing once, by file and line."""

    @property
    def errors(self) -> int:
        return sum(remark.severity is Severity.ERROR for remark in self.remarks)

    @property
    def warnings(self) -> int:
        return len(self.remarks) - self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadQuery:
    source: Source
    template: Template
    ties: bool
    """It ties out another one."""


def validate(config: Config, written: WrittenSpec, names: Sequence[str], tables: Mapping[str, Tables]) -> Validation:
    """Checks the definitions named, or all. `tables`: connection → its schema, where one is known.

    Raises `InputError` for a name that no definition has.
    """
    chosen = list(_chosen(written, names))
    remarks: dict[Remark, None] = {}  # one file may serve several definitions
    count = 0
    for definition in chosen:
        queries, its_remarks = _queries(definition)
        count += len(queries)
        known = tables.get(_connection(written, definition.spec))
        its_remarks += [remark for query in queries for remark in _query(definition, query, known)]
        if all(remark.rule not in _UNREAD for remark in its_remarks):
            its_remarks += _unused(definition, queries)
        its_remarks += _accounts(definition)
        if all(remark.severity is not Severity.ERROR for remark in its_remarks):
            its_remarks += _expansion(config, definition)
        remarks.update(dict.fromkeys(its_remarks))
    ordered = sorted(remarks, key=lambda remark: (remark.file, remark.line))
    return Validation(definitions=len(chosen), queries=count, remarks=tuple(ordered))


def _chosen(written: WrittenSpec, names: Sequence[str]) -> Iterator[Definition]:
    known = {definition.name: definition for definition in definitions_of(written)}
    for name in names or known:
        if name not in known:
            hint = did_you_mean(name, known) if known else ""
            raise InputError(f"{written.document.path} has no extract or batch '{name}'{hint}")
        yield known[name]


def _connection(written: WrittenSpec, spec: DefinitionSpec) -> str:
    return spec.connection or written.spec.defaults.connection or next(iter(written.spec.connections))


def _queries(definition: Definition) -> tuple[list[_ReadQuery], list[Remark]]:
    """Reads the queries that can be read, and says what keeps the others from it."""
    queries: list[_ReadQuery] = []
    wrong: list[Remark] = []
    sources: list[Source] = []
    for ties in (False, True):
        try:
            # Each text of a tie-out once, though it may tie out many.
            tie_outs = tie_out_sources(definition, sources).values() if ties else ()
            sources = list(dict.fromkeys(tie_outs)) if ties else definition_sources(definition)
        except SourceError as error:
            wrong.append(_error(error.origin, error.line, "source", error.why))
            if not ties:
                break  # which queries there are to tie out is not known
            continue
        for source in sources:
            try:
                template = parse(source.text, origin=source.origin, first_line=source.first_line)
            except TemplateError as error:
                wrong.append(_of_template(error))
            else:
                queries.append(_ReadQuery(source=source, template=template, ties=ties))
    return queries, wrong


def _query(definition: Definition, query: _ReadQuery, tables: Tables | None) -> Iterator[Remark]:
    origin, first, spec = query.source.origin, query.source.first_line, definition.spec
    try:
        sql = query.template.render(_sample(definition))
    except TemplateError as error:
        yield _of_template(error)
        return
    hidden: Collection[str] = () if spec.fan_out == "per_account" else {WHOSE_ROW, *_sorted_by(definition)}
    findings = judge(sql, tables=tables, hidden=hidden)
    for finding in findings:
        line = first + finding.line - 1
        yield Remark(file=origin, line=line, rule=finding.rule, severity=finding.severity, text=finding.text)
    if not query.ties:
        yield from _lacking(definition, query, sql)
    if spec.window is not None and query.template.names.isdisjoint({"window.start", "window.end"}):
        text = f"{definition.name} has a window, and this SQL names neither window.start nor window.end"
        yield Remark(file=origin, line=first, rule="time-bound", severity=Severity.WARNING, text=text)
    elif spec.split is not None and not query.ties and all(f.severity is not Severity.ERROR for f in findings):
        for reason in unsound(sql, spec.split.on):
            yield _error(
                origin, first, "split", f"{definition.name} has 'split', but the query cannot be cut: {reason}"
            )


def _lacking(definition: Definition, query: _ReadQuery, sql: str) -> Iterator[Remark]:
    """Remarks on columns that the definition counts on, before a run has to show that they are not there."""
    for finding in CountedOn.of(definition).lacking(sql):
        yield _error(query.source.origin, query.source.first_line, finding.rule, finding.text)


def _sorted_by(definition: Definition) -> tuple[str, ...]:
    """Names the column by which its result is sorted by account, if it is."""
    by_account = definition.spec.by_account
    return (by_account.column.lower(),) if by_account else ()


def _sample(definition: Definition) -> dict[str, object]:
    """Gives each name that it has a value. None has a line break: lines have to stay where they are."""
    spec, matrix = definition.spec, {name: listed[0] for name, listed in definition.matrix.items()}
    values: dict[str, object] = {
        f"params.{name}": _one_line(value) for name, value in {**spec.params, **matrix}.items()
    }
    if spec.window is not None:
        values |= {"window.start": START, "window.end": END}
    if spec.accounts is not None:
        values["account"] = _SAMPLE_ACCOUNT
    return values


def _one_line(value: object) -> object:
    if isinstance(value, list):
        return [_one_line(item) for item in value]
    return " ".join(value.splitlines()) if isinstance(value, str) else value


def _unused(definition: Definition, queries: list[_ReadQuery]) -> Iterator[Remark]:
    """Remarks on parameters that nobody names, and columns that nobody gives: a slip of the pen, here or in the SQL."""
    named = frozenset[str]().union(*(query.template.names for query in queries))
    for key, names in (("params", definition.spec.params), ("matrix", definition.matrix)):
        for name in names:
            if f"params.{name}" not in named:
                line = definition.line_of(key, name)
                yield _nobodys(definition, line, f"no query of {definition.name} names params.{name}")
    columns = definition.spec.columns
    given = [_given(definition, query) for query in queries if not query.ties] if columns else []
    if None not in given:
        known = {WHOSE_ROW, *_sorted_by(definition), *(column.lower() for each in given for column in each or ())}
        for column in (each for each in columns if each.lower() not in known):
            line = definition.line_of("columns", column)
            text = f"no query of {definition.name} gives a column {column}, so its type is of no use"
            yield _nobodys(definition, line, text)


def _given(definition: Definition, query: _ReadQuery) -> list[str] | None:
    """Names the columns of a query; None where its text does not tell."""
    try:
        return columns_of(query.template.render(_sample(definition)))
    except TemplateError:
        return None


def _nobodys(definition: Definition, line: int, text: str) -> Remark:
    file = str(definition.written.document.path)
    return Remark(file=file, line=line, rule="unused", severity=Severity.WARNING, text=text)


def _accounts(definition: Definition) -> Iterator[Remark]:
    written, group = definition.written, definition.spec.accounts
    if group is None:
        return
    try:
        resolve_accounts(written, group)
    except SpecError as error:
        for problem in error.problems:
            yield _error(str(error.path), problem.line, "accounts", problem.text)
    except SourceError as error:
        yield _error(error.origin, error.line, "accounts", error.why)
    except InputError as error:
        line = written.document.line_of(("accounts", group, "file"))
        yield _error(str(written.document.path), line, "accounts", str(error))


def _expansion(config: Config, definition: Definition) -> Iterator[Remark]:
    """Remarks on what only shows when all is put together: names that collide, SQL too long with its values in it."""
    try:
        if isinstance(definition.spec, BatchSpec):
            expand_batch(config, definition.name, now=END)
        else:
            calendar = calendar_of(definition.written, definition.name)
            expand_window(config, definition.name, calendar.following(calendar.first))
    except SpecError as error:
        for problem in error.problems:
            yield _error(str(error.path), problem.line, "definition", problem.text)
    except TemplateError as error:
        yield _of_template(error)
    except (ConfigError, InputError) as error:
        yield _error(str(definition.written.document.path), definition.line_of(), "definition", str(error))


def _of_template(error: TemplateError) -> Remark:
    text = str(error).removeprefix(f"{error.origin}, line {error.line}: ")
    return _error(error.origin, error.line, "template", text)


def _error(file: str, line: int, rule: str, text: str) -> Remark:
    return Remark(file=file, line=line, rule=rule, severity=Severity.ERROR, text=text)
