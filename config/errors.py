"""Names what can be wrong with what the operator wrote.

    ConfigError
    ├── SpecError      the spec file: carries its path and each problem with its line
    └── SecretError    a secret reference, or what stood behind it

Each message is for the operator: it names the variable or the line, says the way out, and never holds a value
that could be a secret. The caller's answer is the same for all three: print it and stop (exit code 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class ConfigError(Exception):
    """Raised when a setting is missing, malformed or contradicts another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a spec file. `line` counts from 1."""

    line: int
    text: str


class SpecError(ConfigError):
    """Raised when the spec file cannot be read, or says something that it may not say."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(f"{path}, line {problem.line}: {problem.text}" for problem in self.problems))


class SecretError(ConfigError):
    """Raised when a secret reference is malformed, leads nowhere, or leads to something that is no usable key."""
