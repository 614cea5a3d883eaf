"""Checks that each account of a connection with a key per account has its key on this machine. Asks nobody.

One that is missing stops only its account's lane, and that for ever, so a batch with it would never end: it is said
before anything is accepted. So are two accounts with one key. Called by `run`, `submit` and `plan`.
"""

from collections.abc import Collection, Iterable, Mapping

from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit
from forebay.config.connections import Connection
from forebay.config.errors import SecretError
from forebay.store.ledger.failures import FailureClass

MOST_NAMED = 5


def missing(connection: Connection, accounts: Iterable[str | None]) -> dict[str, str]:
    """Finds the accounts without a usable key, each with the reason."""
    reasons: dict[str, str] = {}
    if connection.key_per_account:
        for account in accounts:
            try:
                connection.key(account)
            except SecretError as error:
                reasons[account or ""] = str(error)
    return reasons


def sentence(missing: Mapping[str, str], of: int) -> str:
    """Says how many lack a key, one reason that stands for all, and the names of some."""
    reason = next(iter(missing.values()))
    names, more = [*missing][:MOST_NAMED], len(missing) - MOST_NAMED
    named = ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
    return f"{len(missing):,} of {of:,} accounts have no usable key ({named}): {reason}"


def shared(connection: Connection, accounts: Iterable[str | None]) -> tuple[str, str] | None:
    """Finds two accounts with one key: results of one would land as the other's."""
    seen: dict[str, str] = {}
    for account in accounts if connection.key_per_account else ():
        first = seen.setdefault(connection.key(account).get_secret_value(), account or "")
        if first != account:
            return first, account or ""
    return None


def require(connection: Connection, accounts: Collection[str | None]) -> None:
    """Raises `PreflightFailed` if one is missing, or is that of another account."""
    without_key = missing(connection, accounts)
    if without_key:
        raise PreflightFailed(
            sentence(without_key, len(accounts)),
            way_out="put the keys there, or leave these accounts out ('exclude' in their group)",
            exit_code=Exit.AUTH,
            kind=FailureClass.AUTH,
        )
    twice = shared(connection, accounts)
    if twice:
        raise PreflightFailed(
            f"{twice[0]} and {twice[1]} have the same key, so results of one would land as the other's "
            f"({connection.secret})",
            way_out="put each account's own key there",
            exit_code=Exit.USAGE,
            kind="config",
        )
