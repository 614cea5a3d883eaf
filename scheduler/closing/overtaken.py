"""Finds what of a window's former results lies beside its new ones, and would be counted with them. A pure function.

At its own place a result is replaced as it lands. But a window may run again in another way: once over the whole
organization where each account was asked, or the other way round; and one result that is sorted by account leaves out
who has no records any more. What was asked later than the new results stays.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from forebay.landing.manifest import Manifest


def overtaken(
    own: Collection[Manifest], others: Mapping[str, Manifest], *, whole: bool, complete: Collection[str]
) -> Iterator[str]:
    """Yields the stems of those.

    `own`: the batch's results that are at their places. `whole`: each is one over all accounts, sorted or not.
    `complete`: names of queries of which all results are among them.
    """
    by_name: dict[str, list[Manifest]] = {}
    for manifest in own:
        by_name.setdefault(manifest.name, []).append(manifest)
    accounts = {name: {each.account for each in mine} for name, mine in by_name.items()}
    asked = {name: _last_asked(mine) for name, mine in by_name.items()}
    for stem, other in others.items():
        if other.name not in by_name or other.account in accounts[other.name]:
            continue  # the latter was there, and is replaced
        last = asked[other.name]
        if last and other.submitted_at and other.submitted_at > last:
            continue
        if whole or (other.account is None and other.name in complete):
            yield stem


def _last_asked(results: Iterable[Manifest]) -> datetime | None:
    return max((each.submitted_at for each in results if each.submitted_at), default=None)
