"""Finds columns that a definition counts on and its SELECT does not give: those checked for, the one it is sorted by.

Such a run would be spent, and its result wait in quarantine. `validation.py` remarks on it, and whoever submits (`run`,
`submit`, `backfill`, beat) refuses it (`expand.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from forebay.scheduler.definitions.definition import Definition
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.findings import Finding, Severity

#: The column that a result over a whole organization has beyond those of its SELECT.
WHOSE_ROW = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOn:
    """What a definition counts on in the results of its SELECT."""

    definition: str
    checked: Sequence[str] | None
    """The columns that its checks name, in their order."""
    sorted_by: str | None
    """The column by which a result is sorted by account."""
    keeps_it: bool = False
    """Whether that column stays in what lands."""

    @classmethod
    def of(cls, definition: Definition) -> Self:
        """Reads it off the spec."""
        checks, by_account = definition.spec.checks, definition.spec.by_account
        return cls(
            definition=definition.name,
            checked=checks.columns if checks and isinstance(checks.columns, list) else None,
            sorted_by=by_account.column if by_account else None,
            keeps_it=by_account is not None and by_account.keep,
        )

    def lacking(self, sql: str) -> Iterator[Finding]:
        """Says what of it this SELECT does not give; nothing where its text alone does not tell."""
        if not self.checked and not self.sorted_by:
            return
        # The grammar takes a moment to load, and most definitions count on nothing.
        from forebay.scheduler.sql.trino.judge import columns_of

        given = columns_of(sql)
        if not given:
            return
        if self.checked and self._landed(self.checked) != self._landed(given):
            wanted, gives = ", ".join(self.checked), ", ".join(given)
            yield _error("columns", f"{self.definition} checks for columns {wanted}, and this SELECT gives {gives}")
        if self.sorted_by and self.sorted_by.lower() not in given:
            text = f"sorts its result by_account, and this SELECT gives no column {self.sorted_by.lower()}"
            yield _error("by-account", f"{self.definition} {text}")

    def refuse(self, origin: str, sql: str) -> None:
        """Raises `InputError` for a SELECT that does not give it."""
        for finding in self.lacking(sql):
            way_out = "its result would wait in quarantine; FOREBAY_CHECK_SQL=false runs it all the same"
            raise InputError(f"{origin}: {finding.text}: {way_out}")

    def _landed(self, columns: Sequence[str]) -> list[str]:
        """Leaves out columns that are there, or not, by who is asked."""
        whose = {WHOSE_ROW, *([self.sorted_by.lower()] if self.sorted_by and not self.keeps_it else [])}
        return [column.lower() for column in columns if column.lower() not in whose]


def _error(rule: str, text: str) -> Finding:
    return Finding(line=1, rule=rule, severity=Severity.ERROR, text=text)
