"""Reads the values of a definition's parameters: as the spec has them, and as the command line changes them.

Each combination of a matrix gives its items a name of their own.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from forebay.config.document.values import Param, Scalar
from forebay.config.near_miss import did_you_mean
from forebay.scheduler.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One item's worth of values."""

    suffix: str
    """Follows the query's name: `.month-2026-09.currency-eur`."""
    values: Mapping[str, Param]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the spec gives, and each combination of the matrix beside it."""

    fixed: Mapping[str, Param]
    matrix: Mapping[str, list[Scalar]]

    def __len__(self) -> int:
        return math.prod(len(values) for values in self.matrix.values())

    def __iter__(self) -> Iterator[Combination]:
        """Yields combinations in the matrix's order, its last name turning fastest; without one, a bare combination."""
        for values in product(*self.matrix.values()):
            chosen = dict(zip(self.matrix, values, strict=True))
            # Letters that need no encoding in a path, where the other things around them need none either.
            suffix = "".join(f".{name}-{_written(value)}" for name, value in chosen.items())
            yield Combination(suffix=suffix, values={**self.fixed, **chosen})


def parameters(
    params: Mapping[str, Param], matrix: Mapping[str, list[Scalar]], given: Mapping[str, str], *, where: str
) -> Parameters:
    """Reads the spec's values with those of `--param` in their place, each read as what the spec has there.

    A name of the matrix that is given has that one value. Raises `InputError`.
    """
    fixed, chosen = dict(params), {name: list(values) for name, values in matrix.items()}
    for name, text in given.items():
        if name in chosen:
            chosen[name] = [_scalar(name, text, chosen[name][0])]
        elif name in fixed:
            old = fixed[name]
            if isinstance(old, list):
                fixed[name] = [_scalar(name, part.strip(), old[0] if old else "") for part in text.split(",")]
            else:
                fixed[name] = _scalar(name, text, old)
        else:
            known = [*fixed, *chosen]
            hint = did_you_mean(name, known) if known else " (it has none)"
            raise InputError(f"{where} has no parameter '{name}'{hint}")
    return Parameters(fixed=fixed, matrix=chosen)


def _scalar(name: str, text: str, like: Scalar) -> Scalar:
    if isinstance(like, bool):
        if text not in ("true", "false"):
            raise InputError(f"--param {name}={text}: the spec has true or false there")
        return text == "true"
    if not isinstance(like, int | float):
        return text
    try:
        # A whole number where the spec has one; 0.5 where it had 1.0: both are numbers to SQL, and nan and inf are not.
        number = int(text) if isinstance(like, int) else float(text)
    except ValueError:
        number = math.nan
    if isinstance(number, float) and not math.isfinite(number):
        kind = "whole number" if isinstance(like, int) else "number"
        raise InputError(f"--param {name}={text}: the spec has a {kind} there")
    return number


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
