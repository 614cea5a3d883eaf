"""Says what was found about a query: where, of what kind, how bad, and in which words."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # Stripe would refuse it
    WARNING = "warning"  # it runs, and may not be what is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about a query."""

    line: int
    """From 1, within the SQL."""
    rule: str
    """Names its kind for machines."""
    severity: Severity
    text: str
