"""Says what people may call a query, and what a misspelt name may have meant: for whoever chooses runs or results."""

from collections.abc import Iterable
from itertools import islice

from forebay.config.near_miss import near_miss

#: A misspelt name is compared with so many: the first of a long list will do to see what was meant.
_MOST_COMPARED = 5_000


def called(name: str, account: str | None) -> tuple[str, ...]:
    """Lists what people may call a query: `fees`, and `acct_1/fees`."""
    return (name, f"{account}/{name}") if account else (name,)


def may_mean(name: str, known: Iterable[str]) -> str:
    """Writes which of the known names is near to one that is none of them, as the end of a sentence; else nothing."""
    return near_miss(name, islice(known, _MOST_COMPARED))
