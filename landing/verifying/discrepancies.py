"""Says what verifying a landed tree can find."""

from dataclasses import dataclass
from enum import StrEnum


class Discrepant(StrEnum):
    """What is wrong with an object, or with a manifest."""

    MISSING = "missing"  # it is named, and not there
    EXTRA = "extra"  # it is there, and no manifest names it
    TRUNCATED = "truncated"  # it has fewer bytes than its manifest says
    CHANGED = "changed"  # it has other bytes than its manifest says
    # Its bytes are those of its manifest, and what is in them, or another manifest, says otherwise.
    CONTRADICTED = "contradicted"
    BROKEN = "broken"  # a manifest that says nothing that can be understood
    UNREADABLE = "unreadable"  # it could not be read, so nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One thing that is not as it should be."""

    kind: Discrepant
    key: str
    """In the store."""
    message: str
    """Never a value of the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of one manifest."""

    key: str
    """The manifest's own."""
    digest: bytes = b""
    """Of its bytes: while these stay, what was checked by them was checked."""
    object_key: str | None = None
    """The object that it vouches for; None of a batch's, and of one that cannot be understood."""
    findings: tuple[Discrepancy, ...] = ()
    read_bytes: int = 0
    records: int = 0
    remembered: bool = False
    """Its bytes were found well earlier, and not read again."""
