"""Checks what must hold of landed results before they count: their columns, their size, and the totals of a tie-out.

`closing` calls it with each result, and decides by the answers what is published.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from forebay.landing.errors import Unreadable
from forebay.landing.manifest import Manifest
from forebay.landing.rows import read_rows
from forebay.scheduler.closing.sums import added, number, sums
from forebay.store.ledger.batch_policy import Checks
from forebay.store.ledger.outcomes import Check, CheckKind
from forebay.store.ledger.records import Item

_MOST_MISFITS = 20
_UNSORTED = "mend the SQL or `by_account` in the spec and run it again, or release it as it is"
_AS_TEXT = "stored as text; mend `columns` in the spec and run it again, or release it as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A landed result, and what it is compared with."""

    item: Item
    manifest: Manifest
    earlier: Manifest | None
    """The same item's of the last landed window."""
    tie: Manifest | None
    """Its tie-out's, if that landed."""
    stored: tuple[Manifest, ...]
    """What its bytes are in: parts or accounts, if it landed as several; `manifest` is then what they come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How landed bytes are read."""

    open: Callable[[str], Iterator[bytes]]
    keep: Callable[[], None]


def check(checks: Checks, result: Result, reading: Reading) -> Iterator[Check]:
    """Yields the answer of each check of one result. Raises StoreError where the result cannot be reached."""
    if checks.columns is not None:
        yield _columns(checks, result)
    if checks.rows_min is not None or checks.rows_max is not None:
        yield _rows(checks, result)
    if checks.rows_max_change is not None:
        yield _change(checks.rows_max_change, result)
    if checks.types:
        yield _types(result)
    if checks.accounts:
        yield _accounts(result)
    if checks.tie_out:
        yield _tie_out(result, reading)


def _columns(checks: Checks, result: Result) -> Check:
    wanted = checks.columns
    if wanted == "contract":
        if result.earlier is None:
            return _answer(
                "columns", result, ok=True, finding="no earlier window has landed: these columns are the contract"
            )
        wanted = result.earlier.csv.columns
    others = [stored.csv.columns for stored in result.stored if stored.csv.columns != tuple(wanted or ())]
    columns = others[0] if others else tuple(wanted or ())
    if not others:
        return _answer("columns", result, ok=True, finding=f"{len(columns)} columns as they should be")
    return _answer("columns", result, ok=False, finding=_difference(tuple(wanted or ()), columns))


def _difference(wanted: tuple[str, ...], columns: tuple[str, ...]) -> str:
    gone = [column for column in wanted if column not in columns]
    new = [column for column in columns if column not in wanted]
    if not gone and not new:
        return f"the same columns in another order: {', '.join(columns)}"
    parts = (f"missing {', '.join(gone)}" if gone else "", f"new {', '.join(new)}" if new else "")
    return "; ".join(part for part in parts if part)


def _rows(checks: Checks, result: Result) -> Check:
    records = result.manifest.csv.records
    if records is None:
        return _answer("rows", result, ok=False, finding="its records cannot be counted: its quotes do not pair up")
    if checks.rows_min is not None and records < checks.rows_min:
        return _answer("rows", result, ok=False, finding=f"{records} records, fewer than {checks.rows_min}")
    if checks.rows_max is not None and records > checks.rows_max:
        return _answer("rows", result, ok=False, finding=f"{records} records, more than {checks.rows_max}")
    return _answer("rows", result, ok=True, finding=f"{records} records")


def _change(most: float, result: Result) -> Check:
    records = result.manifest.csv.records
    before = result.earlier.csv.records if result.earlier else None
    if records is None:
        return _answer("change", result, ok=False, finding="its records cannot be counted: its quotes do not pair up")
    if before is None:
        return _answer("change", result, ok=True, finding="no earlier window to compare with")
    if before == 0:
        return _answer(
            "change", result, ok=True, finding=f"{records} records, and none in the last window: not compared"
        )
    change = (records - before) / before
    finding = (
        f"{records} records after {before} in the last window ({change:+.1%}, at most {most:.3g} of them may change)"
    )
    return _answer("change", result, ok=abs(change) <= most, finding=finding)


def _types(result: Result) -> Check:
    """Tells what did not fit the type of its column; such a column is stored as text."""
    misfits = [
        f"{stored.account}: {column.misfit}" if stored.by_account and stored.account else column.misfit
        for stored in result.stored
        for column in (stored.table.columns if stored.table else ())
        if column.misfit
    ]
    if misfits:
        more = f"; and {len(misfits) - _MOST_MISFITS} more" if len(misfits) > _MOST_MISFITS else ""
        return _answer("types", result, ok=False, finding=f"{'; '.join(misfits[:_MOST_MISFITS])}{more}; {_AS_TEXT}")
    return _answer("types", result, ok=True, finding=f"all values fit: {_typed(result.stored)}")


def _accounts(result: Result) -> Check:
    """Tells what of an organization's result could not be sorted by account; that stands under none."""
    parts = [stored.by_account for stored in result.stored if stored.by_account]
    if not parts:
        return _answer("accounts", result, ok=False, finding=f"it was not sorted by account; {_UNSORTED}")
    if problem := next((part.problem for part in parts if part.problem), None):
        return _answer("accounts", result, ok=False, finding=f"{problem}; {_UNSORTED}")
    filled = sum(1 for stored in result.stored if stored.csv.records)
    return _answer("accounts", result, ok=True, finding=f"each record names an account, {filled} of them in all")


def _typed(stored: Sequence[Manifest]) -> str:
    table = stored[0].table
    typed = [f"{column.name} {column.type}" for column in table.columns if column.type != "text"] if table else []
    return ", ".join(typed) or "all columns are text"


def _tie_out(result: Result, reading: Reading) -> Check:
    if result.tie is None:
        return _answer("tie_out", result, ok=False, finding="its tie-out has not landed, so nothing proves the totals")
    try:
        wanted = _tie(result.tie, reading)
        return _compared(result, wanted, reading)
    except Unreadable as error:
        return _answer("tie_out", result, ok=False, finding=str(error))


def _tie(tie: Manifest, reading: Reading) -> dict[str, str]:
    """Reads the one row of a tie-out, by column."""
    stored = tie.object
    rows = read_rows(reading.open(stored.key), stored.format, tie.csv.bytes)
    header, first, second = next(rows, None), next(rows, None), next(rows, None)
    if header is None or first is None or second is not None or len(header) != len(first):
        raise Unreadable("its tie-out did not give exactly one row")
    return dict(zip(header, first, strict=True))


def _compared(result: Result, wanted: dict[str, str], reading: Reading) -> Check:
    manifest, columns = result.manifest, [column for column in wanted if column != "records"]
    wrong = []
    if "records" in wanted and number(wanted["records"], "'records' of the tie-out") != manifest.csv.records:
        wrong.append(f"{manifest.csv.records} records landed, and the tie-out counts {wanted['records']}")
    if columns:
        landed = _sums(result, columns, reading)
        for column in columns:
            # SQL's sum over nothing is NULL, a blank.
            expected = number(wanted[column] or "0", f"{column!r} of the tie-out")
            if landed[column] != expected:
                wrong.append(f"{column} sums up to {landed[column]:f}, and to {expected:f} in the tie-out")
    if wrong:
        return _answer("tie_out", result, ok=False, finding="; ".join(wrong))
    return _answer("tie_out", result, ok=True, finding=f"{', '.join(wanted)} as in the tie-out")


def _sums(result: Result, columns: Sequence[str], reading: Reading) -> dict[str, Decimal]:
    totals = dict.fromkeys(columns, Decimal())
    for stored in result.stored:
        chunks = reading.open(stored.object.key)
        for column, value in sums(chunks, stored.object.format, stored.csv.bytes, columns, reading.keep).items():
            totals[column] = added(totals[column], value, column)
    return totals


def _answer(kind: CheckKind, result: Result, *, ok: bool, finding: str) -> Check:
    return Check(check=kind, name=result.item.name, account=result.item.account, ok=ok, finding=finding)
