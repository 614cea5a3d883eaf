"""Compares the rows of two results, and names what differs: columns, records by their position, forms of values.

Pure: two streams of rows, header first, each read once. Nothing that comes out has a value in it. What is held grows
with the records that stand on one side alone, up to a bound, and not with the results.

Records are compared where they stand. Whether they only stand elsewhere tell sums of hashes, which no order changes;
records that stand at the same place on both sides change both sums alike, and cost nothing. The hash is a cryptographic
one: Python's own of a tuple has differences that add up to nothing where the records are others.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from forebay.scheduler.comparing.value_forms import form_of, without_form

#: So many records that one side lacks are kept apart, at some 100 bytes each; of more only sums are known.
MOST_UNMATCHED = 200_000
#: So many positions of records that differ are told, and so many forms of a column.
MOST_POSITIONS, MOST_FORMS = 5, 4

Row = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDifference:
    """A column that both sides have, whose values differ."""

    name: str
    differ: int | None
    """Records whose value is another one; None where records stand elsewhere, so that nobody can tell whose it was."""
    in_form: int | None
    """Those of them whose value is the same, written otherwise."""
    forms: tuple[tuple[str, ...], tuple[str, ...]]
    """Of each side, the forms of the values that differ, the most frequent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifferences:
    """What there is to say of two results, in the order of the sides."""

    records: tuple[int, int]
    missing: tuple[str, ...]
    """Columns that the first side alone has."""
    added: tuple[str, ...]
    """Columns that the second side alone has."""
    reordered: bool
    """The columns that both have stand in another order."""
    differ: int
    """Places at which another record stands, or none, by the columns that both have."""
    positions: tuple[int, ...]
    """The first of them, from 1."""
    same_records: bool
    """Both have the same records, as they are written, in whatever order."""
    same_values: bool
    """The same, but for the forms of values."""
    moved: bool
    """Records stand elsewhere, so what stands at one place cannot be compared."""
    unmatched: tuple[int, int] | None
    """Records whose values the other side has nowhere; None where they are too many to be told apart."""
    columns: tuple[ColumnDifference, ...]

    @property
    def same_columns(self) -> bool:
        """Tells whether both have the same columns in the same order."""
        return not (self.missing or self.added or self.reordered)


def compare_rows(first: Iterator[Row], second: Iterator[Row]) -> RowDifferences:
    """Reads both to their ends. Raises what reading them raises."""
    headers = (_told_apart(next(first, ())), _told_apart(next(second, ())))
    places = [{name: at for at, name in enumerate(header)} for header in headers]
    common = [name for name in headers[0] if name in places[1]]
    chosen = [[each[name] for name in common] for each in places]
    # Where both have the same columns at the same places, a row is compared as it was read.
    compared = (first, second) if headers[0] == headers[1] else (_chosen(first, chosen[0]), _chosen(second, chosen[1]))
    tally = _RowTally(columns=len(common))
    for one, other in zip_longest(*compared):
        tally.add(one, other)
    return tally.told(common, headers)


def _told_apart(header: Iterable[str]) -> tuple[str, ...]:
    """Gives columns of one name a number each."""
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def _chosen(rows: Iterator[Row], places: Sequence[int]) -> Iterator[Row]:
    for row in rows:
        yield [row[at] if at < len(row) else "" for at in places]


@dataclass(slots=True)
class _ColumnTally:
    """What is known of one column's values that differ."""

    differ: int = 0
    in_form: int = 0
    sum: int = 0
    """Of hashes of values without their forms, first side minus second."""
    forms: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))

    def take(self, texts: Sequence[str | None], kept: Sequence[str | None]) -> bool:
        """Takes in what stands at one place on both sides, as written and without its form; None for no record.

        Says whether the values differ but for their form.
        """
        if texts[0] == texts[1]:
            return False
        self.differ += 1
        for text, forms in zip(texts, self.forms, strict=True):
            if text is not None:
                forms[form_of(text)] += 1
        if kept[0] == kept[1]:
            self.in_form += 1
            return False
        for value, sign in zip(kept, (1, -1), strict=True):
            self.sum += 0 if value is None else sign * _hash([value])
        return True

    def difference(self, name: str, *, moved: bool) -> ColumnDifference | None:
        """Tells it; None where the same values stand there, elsewhere at most."""
        told = tuple(tuple(form for form, _ in forms.most_common(MOST_FORMS)) for forms in self.forms)
        if not self.differ or (moved and not self.sum and self.forms[0] == self.forms[1]):
            return None
        return ColumnDifference(
            name=name,
            differ=None if moved else self.differ,
            in_form=None if moved else self.in_form,
            forms=(told[0], told[1]),
        )


class _RowTally:
    """What two results came to so far."""

    def __init__(self, *, columns: int) -> None:
        self._records = [0, 0]
        self._differ = self._others = 0
        self._positions: list[int] = []
        self._sum = self._sum_of_values = 0
        self._unmatched: Counter[int] | None = Counter()
        self._values = [_ColumnTally() for _ in range(columns)]

    def add(self, one: Row | None, other: Row | None) -> None:
        """Takes in what stands at the next place; None where a side has ended."""
        position = max(self._records) + 1
        self._records[0] += one is not None
        self._records[1] += other is not None
        if one == other:
            return
        self._differ += 1
        if len(self._positions) < MOST_POSITIONS:
            self._positions.append(position)
        kept = [None if row is None else [*map(without_form, row)] for row in (one, other)]
        for row, values, sign in zip((one, other), kept, (1, -1), strict=True):
            if row is not None and values is not None:
                self._sum += sign * _hash([*row])
                hashed = _hash(values)
                self._sum_of_values += sign * hashed
                self._match(hashed, sign)
        another = [
            column.take((_at(one, at), _at(other, at)), (_at(kept[0], at), _at(kept[1], at)))
            for at, column in enumerate(self._values)
        ]
        # A row of another length than its header has no value of a column to blame.
        self._others += any(another) or one is None or other is None or len(one) != len(other)

    def _match(self, values: int, sign: int) -> None:
        if self._unmatched is None:
            return
        self._unmatched[values] += sign
        if not self._unmatched[values]:
            del self._unmatched[values]
        elif len(self._unmatched) > MOST_UNMATCHED:
            self._unmatched = None

    def told(self, common: Sequence[str], headers: tuple[tuple[str, ...], tuple[str, ...]]) -> RowDifferences:
        same_values = not self._sum_of_values and self._records[0] == self._records[1]
        unmatched = self._alone()
        # In place, as many places differ as there are records without their like.
        moved = same_values and self._others > 0 if unmatched is None else max(unmatched) != self._others
        columns = (each.difference(name, moved=moved) for name, each in zip(common, self._values, strict=True))
        names = tuple(frozenset(header) for header in headers)
        return RowDifferences(
            records=(self._records[0], self._records[1]),
            missing=tuple(name for name in headers[0] if name not in names[1]),
            added=tuple(name for name in headers[1] if name not in names[0]),
            reordered=common != [name for name in headers[1] if name in names[0]],
            differ=self._differ,
            positions=tuple(self._positions),
            same_records=not self._sum and self._records[0] == self._records[1],
            same_values=same_values,
            moved=moved,
            unmatched=unmatched,
            columns=tuple(filter(None, columns)),
        )

    def _alone(self) -> tuple[int, int] | None:
        if self._unmatched is None:
            return None
        counts: Mapping[int, int] = self._unmatched
        return sum(each for each in counts.values() if each > 0), -sum(each for each in counts.values() if each < 0)


def _hash(row: list[str]) -> int:
    written = repr(row).encode()  # quotes and commas of values are told from those between them
    return int.from_bytes(hashlib.blake2b(written, digest_size=16).digest())


def _at(row: Row | None, at: int) -> str | None:
    return row[at] if row is not None and at < len(row) else None
