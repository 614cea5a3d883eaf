"""Makes another result of a run's CSV, as another generation of the API might: for tests of whoever compares them.

Goes by lines, so it is for results without line breaks in their values.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from forebay.sandbox.faults import FaultName

#: The faults that make one.
OTHER_RESULTS = (FaultName.OTHER_DECIMALS, FaultName.OTHER_ORDER, FaultName.OTHER_VALUE)

_DECIMAL = re.compile(r"(^|,)(-?\d+\.\d+)(?=,|\r?\n?$)")
_LAST_DIGIT = re.compile(r"\d(?=\D*$)")


def make_other(csv: Path, name: FaultName) -> None:
    """Rewrites a CSV in its place."""
    header, *records = csv.read_text().splitlines(keepends=True)
    csv.write_text("".join([header, *_others(records, name)]))


def _others(records: list[str], name: FaultName) -> Iterable[str]:
    match name:
        case FaultName.OTHER_DECIMALS:
            return (_DECIMAL.sub(r"\1\g<2>00", record) for record in records)
        case FaultName.OTHER_ORDER:
            return reversed(records)
        case _:
            return _with_another_first(records)


def _with_another_first(records: list[str]) -> Iterator[str]:
    for number, record in enumerate(records):
        yield record if number else _LAST_DIGIT.sub(lambda digit: str((int(digit[0]) + 1) % 10), record)
