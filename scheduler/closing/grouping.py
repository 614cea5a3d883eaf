"""Groups failures of one cause: three hundred accounts without access are one thing to mend, not three hundred."""

import re
from collections import Counter
from collections.abc import Iterable

from forebay.store.ledger.outcomes import FailureGroup
from forebay.store.ledger.records import FailureRecord, Item

#: Examples that a group names.
MOST_NAMED = 20
#: Groups that are told apart; what comes later counts under its class alone.
MOST_GROUPS = 50
_MOST_LETTERS = 300

#: What differs between failures of one cause: ids of Stripe, long hexadecimal ones, numbers of some length. An id has
#: a digit or a capital letter; without that rule the names of columns would go, and they are the cause.
_OWN = re.compile(r"\b(?:[a-z]+_)+(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{6,}\b|\b[0-9a-f-]{16,}\b|\b\d{4,}\b")


def grouped(failures: Iterable[tuple[Item, FailureRecord]]) -> tuple[FailureGroup, ...]:
    """Groups them, those with the most failures first. Bounded memory, however many failures there are."""
    counts: Counter[tuple[str, str]] = Counter()
    accounts: dict[tuple[str, str], dict[str, None]] = {}
    names: dict[tuple[str, str], dict[str, None]] = {}
    for item, failure in failures:
        cause = (failure.error_class, cause_of(item, failure))
        if cause not in counts and len(counts) >= MOST_GROUPS:
            cause = (failure.error_class, "other causes")
        counts[cause] += 1
        _note(accounts.setdefault(cause, {}), item.account)
        _note(names.setdefault(cause, {}), item.name)
    return tuple(
        FailureGroup(
            error_class=cause[0],
            message=cause[1],
            count=count,
            accounts=tuple(accounts[cause]),
            names=tuple(names[cause]),
        )
        for cause, count in counts.most_common()
    )


def cause_of(item: Item, failure: FailureRecord) -> str:
    """Takes from a failure's message what is this run's own."""
    message = " ".join(failure.message.split())
    if item.account:
        message = message.replace(item.account, "…")
    return without_ids(message)


def without_ids(text: str) -> str:
    """Takes from a text the ids and long numbers, which differ each time that the same thing is said."""
    return _OWN.sub("…", text)[:_MOST_LETTERS]


def _note(examples: dict[str, None], one: str | None) -> None:
    if one and len(examples) < MOST_NAMED:
        examples[one] = None
