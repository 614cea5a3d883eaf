"""Finds what of a window's former results lies beside its new ones, and would be counted with them. A pure function.

At its own place a result is replaced as it lands. But a window may run again in another way: once over the whole
organization where each account was asked, or the other way round; and one result that is sorted by account leaves out
who has no records any more. What was asked later than the new results stays.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

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
    for stem, other in others.items():
        mine = by_name.get(other.name, [])
        if not mine or _was_asked_after(other, mine):
            continue
        if any(_shares_rows(other, each) for each in mine):
            continue  # it was there, and is replaced
        if whole or (other.account is None and other.name in complete):
            yield stem


def _was_asked_after(other: Manifest, mine: Iterable[Manifest]) -> bool:
    asked = [each.submitted_at for each in mine if each.submitted_at]
    return bool(other.submitted_at and asked and other.submitted_at > max(asked))


def _shares_rows(other: Manifest, own: Manifest) -> bool:
    return other.account == own.account
