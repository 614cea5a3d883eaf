"""Finds extracts that the spec has no more, though windows of theirs are in the ledger: removed, or renamed.

For beat, `forebay extracts` and `forebay validate`. What landed of them stays where it is; nobody adds to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forebay.config.document.spec import Spec
from forebay.scheduler.windows.calendar import parse_batch_id
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks

#: Windows of the last so many days are listed first.
_LATELY = timedelta(days=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedExtract:
    """An extract of an earlier spec."""

    name: str
    end: datetime
    """Where its last window ends."""

    @property
    def sentence(self) -> str:
        """Says it, and how a renamed one goes on where the old one ended."""
        return (
            f"{self.name}: the spec has it no more; its windows stay in the ledger and where they landed, up to "
            f"{self.end.astimezone(UTC):%Y-%m-%d %H:%M}Z. If it was renamed, renamed_from: {self.name} in the new one "
            "takes them over"
        )


def removed_extracts(ledger: Ledger, marks: Marks, spec: Spec) -> Iterator[RemovedExtract]:
    """Yields them; costs a LIST, and one or a few more for each. Raises StoreError."""
    known = {*spec.extracts, *(name for names in spec.former_names.values() for name in names)}
    for name in marks.extracts():
        last = _last_window_end(ledger, name) if name not in known else None
        if last:
            yield RemovedExtract(name=name, end=last)


def _last_window_end(ledger: Ledger, name: str) -> datetime | None:
    for batch_id in ledger.names.dated(f"{name}.", datetime.now(UTC) + timedelta(days=1), _LATELY):
        parsed = parse_batch_id(batch_id)
        if parsed and parsed[0] == name:
            return parsed[1].end
    return None
