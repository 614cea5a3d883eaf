"""Says what a mistake in a script is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake somebody could make: in one script's own part, or in one that all share."""

    name: str
    script: str
    old: str
    new: str

    def __str__(self) -> str:
        return self.name
