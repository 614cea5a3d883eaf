"""Compares the accounts from which results were expected with those from which they came. A pure function."""

from collections.abc import Iterable

from forebay.store.ledger.outcomes import Coverage

#: Account, records and whether it landed, of something from which a result is expected.
Covered = tuple[str | None, int | None, bool]


def coverage(expected: tuple[str, ...], results: Iterable[Covered], *, sorted_by_account: bool = False) -> Coverage:
    """Compares them with the results of each item.

    An account has landed when all of its items did, and is empty when none of them has a record: empty is an answer,
    missing is none. An item without an account is one over the whole organization, and speaks for all of them; where
    its result is `sorted_by_account`, each account's stands beside it, and it is only one that did not land, or could
    not be sorted, that concerns them all.
    """
    asked: set[str] = set()
    lacking: set[str] = set()
    filled: set[str] = set()
    whole = {"asked": False, "lacking": False, "filled": False}
    for account, records, landed in results:
        # Records that could not be counted are some.
        some = landed and records != 0
        if account is None:
            whole["asked"] = True
            whole["lacking"] |= not landed
            whole["filled"] |= some
            continue
        asked.add(account)
        if not landed:
            lacking.add(account)
        if some:
            filled.add(account)

    def is_missing(account: str) -> bool:
        if sorted_by_account and whole["lacking"]:
            return True
        if account in asked:
            return account in lacking
        return sorted_by_account or whole["lacking"] or not whole["asked"]

    missing = tuple(account for account in expected if is_missing(account))
    came = [account for account in expected if not is_missing(account)]
    return Coverage(
        expected=len(expected),
        landed=len(came),
        # Which accounts are in an organization's one result, nobody knows who has not read it.
        empty=tuple(account for account in came if account in asked and account not in filled),
        missing=missing,
        unexpected=tuple(sorted(asked.difference(expected))) if sorted_by_account and expected else (),
    )
