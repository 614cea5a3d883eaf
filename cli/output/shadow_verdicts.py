"""Tells how the results of both generations of the API compare: what differs item by item, what is alike but once.

No value of a result comes here: what is told are counts, places, names of columns and forms.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.plain_text import styled
from forebay.config.stripe import Api
from forebay.scheduler.comparing.row_differences import ColumnDifference, RowDifferences
from forebay.scheduler.comparing.shadow_report import Comparison, FailedSide, LandedSide, ShadowReport, Verdict

#: Of what is not equal so many kinds are told, each by its first item, and so many columns of one item.
_MOST_KINDS, _MOST_COLUMNS, _MOST_NAMED = 20, 10, 3
_STYLES = {Verdict.FAILED: "yellow", Verdict.NOT_COMPARED: "yellow"}
_MARGIN = " " * 14


def exit_code(report: ShadowReport) -> Exit:
    """Says what the report means to a shell, as `verify` does."""
    if report.differences:
        return Exit.CHECKS
    return Exit.OK if report.equal == len(report.items) else Exit.SOME_FAILED


def facts(report: ShadowReport) -> dict[str, Any]:
    """Names it for scripts."""
    return {
        "shadow": report.shadow,
        "batches": dict(report.batches),
        "items": len(report.items),
        "equal": report.equal,
        "differences": report.differences,
        "not_compared": report.not_compared,
    }


def show_as_json(report: ShadowReport, url: str) -> None:
    """Writes an event an item, and the result."""
    for each in report.items:
        told = each.model_dump(mode="json")
        events.emit("compared", **told)
    events.result(exit_code(report), **facts(report), report=url)


def show(report: ShadowReport, url: str) -> None:
    """Tells people."""
    console = plain_text.stdout()
    kinds = _kinds(report.items)
    for alike in kinds[:_MOST_KINDS]:
        first = alike[0]
        verdict = (f"{first.verdict.replace('_', ' '):<14}", _STYLES.get(first.verdict, "red"))
        plain_text.beside(styled(verdict), styled(f"{_called(first)}: {_headline(first)}"), console)
        for line in [*_details(first), *_others(alike)]:
            plain_text.beside(styled(_MARGIN), styled(line), console)
    if len(kinds) > _MOST_KINDS:
        plain_text.say(f"{_MARGIN}and {len(kinds) - _MOST_KINDS} more kinds of differences: the report has them")
    plain_text.wrapped(styled((_sum(report), "green" if exit_code(report) is Exit.OK else "yellow")), console)
    for number, batch in enumerate(report.batches.values()):
        plain_text.say(f"  {'' if number else 'batches':<9}{batch}")
    plain_text.say(f"  {'report':<9}{words.place(url)}")
    for api, batch in report.batches.items():
        if any(isinstance(each.sides()[api], FailedSide) for each in report.items):
            plain_text.say(f"  {'→':<9}forebay show {batch} --failed says why {api} failed")


def types_remark(report: ShadowReport, named: Collection[str]) -> str:
    """Says of which columns one generation tells another type: those that a format with types would store otherwise.

    `named` are the columns to which the spec gives a type. Empty where there are none.
    """
    told: dict[str, str] = {}
    for each in report.items:
        one, other = each.reporting, each.data
        if isinstance(one, LandedSide) and isinstance(other, LandedSide):
            for column in one.types.keys() | other.types.keys():
                types = (one.types.get(column, "none"), other.types.get(column, "none"))
                if column not in named and types[0] != types[1]:
                    told[column] = f"{column} ({types[0]}, {types[1]})"
    if not told:
        return ""
    columns = _list([told[column] for column in sorted(told)])
    return (
        "it stores Parquet, and these columns, to which the spec gives no type, may have another one there: "
        f"reporting and data tell {columns}"
    )


def _sum(report: ShadowReport) -> str:
    size = words.counted(len(report.items), "result")
    if report.equal == len(report.items):
        whole = "The result is" if report.equal == 1 else f"All {size} are"
        return f"{whole} the same by both generations, byte for byte: api: data changes nothing here"
    left = report.not_compared
    differ = f"; {report.differences:,} differ{'s' * (report.differences == 1)}" if report.differences else ""
    return f"{report.equal:,} of {size} {'is' if len(report.items) == 1 else 'are'} the same{differ}" + (
        f"; {left:,} could not be compared" if left else ""
    )


def _kinds(items: Sequence[Comparison]) -> list[list[Comparison]]:
    """Puts together what differs in one way: one form of a column may be another in each of many accounts."""
    kinds: dict[object, list[Comparison]] = {}
    for each in items:
        if each.verdict is not Verdict.EQUAL:
            kinds.setdefault(_kind(each), []).append(each)
    return list(kinds.values())


def _kind(each: Comparison) -> tuple[object, ...]:
    failed = tuple((side.error_class, side.code) for side in each.sides().values() if isinstance(side, FailedSide))
    sides = tuple(type(side) for side in each.sides().values())
    rows = each.rows
    if rows is None:
        return each.name, each.verdict, sides, failed, each.note
    columns = tuple((column.name, column.differ == column.in_form) for column in rows.columns)
    return each.name, each.verdict, rows.missing, rows.added, rows.reordered, rows.moved, columns, each.data_moved


def _others(alike: Sequence[Comparison]) -> Iterator[str]:
    if len(alike) > 1:
        names = ", ".join(each.account or each.name for each in alike[1 : _MOST_NAMED + 1])
        more = " …" if len(alike) > _MOST_NAMED + 1 else ""
        yield f"alike in {words.counted(len(alike) - 1, 'other')}: {names}{more}"


def _called(each: Comparison) -> str:
    return each.name + (f" ({each.account})" if each.account else "")


def _headline(each: Comparison) -> str:
    sides = " and ".join(_side(api, side) for api, side in each.sides().items() if side)
    if each.verdict in (Verdict.ONE_SIDE, Verdict.FAILED):
        return sides
    if each.rows is None:
        return each.note or sides
    return _records(each.verdict, each.rows)


def _records(verdict: Verdict, rows: RowDifferences) -> str:
    records = words.counted(rows.records[0], "record")
    match verdict:
        case Verdict.WRITTEN:
            return f"the same {records}; quotes, line ends or a byte order mark differ"
        case Verdict.ORDER:
            return f"the same {records} in another order; only an ORDER BY promises one"
        case Verdict.FORM:
            return f"the same values in {records}, written otherwise" + (", in another order" if rows.moved else "")
        case Verdict.COLUMNS:
            return f"{records} with other columns" + (", in another order" if rows.moved else "")
    if rows.records[0] != rows.records[1]:
        records = f"{rows.records[0]:,} records by reporting, {rows.records[1]:,} by data"
    if rows.moved and rows.unmatched:
        return f"{records}: {rows.unmatched[0]:,} in reporting alone, {rows.unmatched[1]:,} in data alone"
    more = " …" if rows.differ > len(rows.positions) else ""
    at = f"record{'s' * (rows.differ != 1)} {', '.join(map(str, rows.positions))}{more}"
    return f"{records}: {rows.differ:,} differ{'s' * (rows.differ == 1)}, {at}"


def _side(api: Api, side: LandedSide | FailedSide) -> str:
    if isinstance(side, LandedSide):
        return f"{api} landed {words.counted(side.records or 0, 'record')}"
    code = f", code {side.code}" if side.code else ""
    return f"{api} failed ({side.error_class}{code})"


def _details(each: Comparison) -> Iterator[str]:
    rows = each.rows
    if rows:
        for alone, names in ((Api.REPORTING, rows.missing), (Api.DATA, rows.added)):
            if names:
                yield f"columns in {alone} alone: {_list(names)}"
        if rows.reordered:
            yield "columns are in another order"
        for column in rows.columns[:_MOST_COLUMNS]:
            yield f"{column.name}: {_column(column)}"
        if len(rows.columns) > _MOST_COLUMNS:
            yield f"and {len(rows.columns) - _MOST_COLUMNS} more columns"
    if each.verdict is Verdict.DIFFERENT:
        yield from _times(each)


def _column(column: ColumnDifference) -> str:
    one, other = (" or ".join(forms) or "nothing" for forms in column.forms)
    forms = f"{one} by reporting, {other} by data" if one != other else one
    if column.differ is None:
        return forms
    values = f"{words.counted(column.differ, 'value')} differ{'s' * (column.differ == 1)}"
    if column.in_form == column.differ:
        return f"{values} in form alone: {forms}"
    some = f", {column.in_form:,} of them in form alone" if column.in_form else ""
    return f"{values}{some} ({forms})"


def _times(each: Comparison) -> Iterator[str]:
    one, other = each.reporting, each.data
    if not (isinstance(one, LandedSide) and isinstance(other, LandedSide)):
        return
    if each.data_moved:
        saw = f"up to {_time(one.refreshed_at)} by reporting, {_time(other.refreshed_at)} by data"
        yield f"the data moved in between: {saw}; --again compares anew"
    elif each.data_moved is False:
        yield f"both saw the data up to {_time(one.refreshed_at)}: they did not move in between"
    else:
        dated = [
            f"{api} saw data up to {_time(side.refreshed_at)}"
            for api, side in (("reporting", one), ("data", other))
            if side.refreshed_at
        ]
        asked = f"asked at {_time(one.submitted_at)} and {_time(other.submitted_at)}"
        yield "; ".join([asked, *dated, "whether data moved in between is not known: --again compares anew"])


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment else "a time that nobody told"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_COLUMNS} more" if len(names) > _MOST_COLUMNS else ""
    return ", ".join(names[:_MOST_COLUMNS]) + more
