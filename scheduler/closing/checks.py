"""What must hold of landed results before they count: their columns, their size, and the totals of a tie-out.

`closing` calls it with each result, and decides by the answers what is published.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from forebay.landing.errors import Unreadable
from forebay.landing.manifest import Manifest
from forebay.landing.rows import read_rows
from forebay.scheduler.closing.sums import added, number, sums
from forebay.store.policy import Check, Checks
from forebay.store.records import Item

Kind = Literal["columns", "rows", "change", "tie_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A landed result, and what it is compared with."""

    item: Item
    manifest: Manifest
    earlier: Manifest | None
    """The same item's of the last landed window."""
    tie: Manifest | None
    """Its tie-out's, if that landed."""
    parts: tuple[Manifest, ...] = ()
    """Those of its parts, if it landed in parts; `manifest` is then what they come to."""

    @property
    def stored(self) -> tuple[Manifest, ...]:
        """What its bytes are in."""
        return self.parts or (self.manifest,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How landed bytes are read."""

    open: Callable[[str], Iterator[bytes]]
    keep: Callable[[], None]


def check(checks: Checks, result: Result, reading: Reading) -> Iterator[Check]:
    """Each check of one result. Raises StoreError where the result cannot be reached."""
    if checks.columns is not None:
        yield _columns(checks, result)
    if checks.rows_min is not None or checks.rows_max is not None:
        yield _rows(checks, result)
    if checks.rows_max_change is not None:
        yield _change(checks.rows_max_change, result)
    if checks.tie_out:
        yield _tie_out(result, reading)


def _columns(checks: Checks, result: Result) -> Check:
    wanted = checks.columns
    if wanted == "contract":
        if result.earlier is None:
            return _said(
                "columns", result, ok=True, said="no earlier window has landed: these columns are the contract"
            )
        wanted = result.earlier.csv.columns
    others = [stored.csv.columns for stored in result.stored if stored.csv.columns != tuple(wanted or ())]
    found = others[0] if others else tuple(wanted or ())
    if not others:
        return _said("columns", result, ok=True, said=f"{len(found)} columns as they should be")
    return _said("columns", result, ok=False, said=_difference(tuple(wanted or ()), found))


def _difference(wanted: tuple[str, ...], found: tuple[str, ...]) -> str:
    gone = [column for column in wanted if column not in found]
    new = [column for column in found if column not in wanted]
    if not gone and not new:
        return f"the same columns in another order: {', '.join(found)}"
    parts = (f"missing {', '.join(gone)}" if gone else "", f"new {', '.join(new)}" if new else "")
    return "; ".join(part for part in parts if part)


def _rows(checks: Checks, result: Result) -> Check:
    records = result.manifest.csv.records
    if records is None:
        return _said("rows", result, ok=False, said="its records cannot be counted: its quotes do not pair up")
    if checks.rows_min is not None and records < checks.rows_min:
        return _said("rows", result, ok=False, said=f"{records} records, fewer than {checks.rows_min}")
    if checks.rows_max is not None and records > checks.rows_max:
        return _said("rows", result, ok=False, said=f"{records} records, more than {checks.rows_max}")
    return _said("rows", result, ok=True, said=f"{records} records")


def _change(most: float, result: Result) -> Check:
    records = result.manifest.csv.records
    before = result.earlier.csv.records if result.earlier else None
    if records is None:
        return _said("change", result, ok=False, said="its records cannot be counted: its quotes do not pair up")
    if before is None:
        return _said("change", result, ok=True, said="no earlier window to compare with")
    if before == 0:
        return _said("change", result, ok=True, said=f"{records} records, and none in the last window: not compared")
    change = (records - before) / before
    said = f"{records} records after {before} in the last window ({change:+.1%}, at most {most:.3g} of them may change)"
    return _said("change", result, ok=abs(change) <= most, said=said)


def _tie_out(result: Result, reading: Reading) -> Check:
    if result.tie is None:
        return _said("tie_out", result, ok=False, said="its tie-out has not landed, so nothing proves the totals")
    try:
        wanted = _tie(result.tie, reading)
        return _compared(result, wanted, reading)
    except Unreadable as error:
        return _said("tie_out", result, ok=False, said=str(error))


def _tie(tie: Manifest, reading: Reading) -> dict[str, str]:
    """The one row of a tie-out, by column."""
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
        return _said("tie_out", result, ok=False, said="; ".join(wrong))
    return _said("tie_out", result, ok=True, said=f"{', '.join(wanted)} as in the tie-out")


def _sums(result: Result, columns: Sequence[str], reading: Reading) -> dict[str, Decimal]:
    totals = dict.fromkeys(columns, Decimal())
    for stored in result.stored:
        chunks = reading.open(stored.object.key)
        for column, value in sums(chunks, stored.object.format, stored.csv.bytes, columns, reading.keep).items():
            totals[column] = added(totals[column], value, column)
    return totals


def _said(kind: Kind, result: Result, *, ok: bool, said: str) -> Check:
    return Check(check=kind, name=result.item.name, account=result.item.account, ok=ok, said=said)
