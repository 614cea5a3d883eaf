"""Resolves a group of the spec into accounts: its list, and its file, which somebody else may keep."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forebay.config.connections import Config, Connection, check_account
from forebay.config.errors import ConfigError
from forebay.config.near_miss import did_you_mean
from forebay.scheduler.errors import InputError, SourceError
from forebay.scheduler.sql.sqlfiles import paths, text_of

if TYPE_CHECKING:
    from forebay.config.document.load_spec import WrittenSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    account: str
    place: str
    tags: frozenset[str] = frozenset()


def resolve_accounts(written: WrittenSpec, group: str) -> tuple[str, ...]:
    """Resolves `accounts.<group>` into its accounts in their order: of the list, then of the file.

    Raises `SpecError` for the group, `InputError` for its file. A group that comes to none, or to fewer than it
    expects, is an error: a list that shrank unnoticed would look like a complete month.
    """
    document, groups = written.document, written.spec.accounts
    if group not in groups:
        raise document.error(("accounts",), f"there is no group of accounts '{group}'{did_you_mean(group, [*groups])}")
    spec, here = groups[group], ("accounts", group)
    if spec.tags and spec.file is None:
        raise document.error((*here, "tags"), f"accounts.{group}: tags choose from a file, and none is named")
    places: dict[str, str] = {}
    for member in _members(written, group):
        if member.account in places:
            first = places[member.account]
            where = f"twice in {first}" if first == member.place else f"in {first} and in {member.place}"
            raise document.error(here, f"accounts.{group}: {member.account} stands {where}")
        places[member.account] = member.place
    excluded = {_checked(account, f"accounts.{group}.exclude") for account in spec.exclude}
    accounts = tuple(account for account in places if account not in excluded)
    if not accounts:
        raise document.error(here, f"accounts.{group}: no account is left of its list, file, tags and exclude")
    if spec.expect_at_least is not None and len(accounts) < spec.expect_at_least:
        raise document.error(
            here,
            f"accounts.{group} comes to {len(accounts)} accounts, and expect_at_least says {spec.expect_at_least}; "
            "see what is missing, or lower it",
        )
    return accounts


def is_whole(written: WrittenSpec, group: str) -> bool:
    """Says whether the spec calls the group the whole organization: nobody else knows what its list leaves out."""
    return written.spec.accounts[group].whole_organization


def example_account(config: Config, connection: Connection) -> str | None:
    """Finds an account that a definition of this connection asks about, to try a key with; None without a group."""
    if config.written is None:
        return None
    spec = config.written.spec
    for definition in (*spec.extracts.values(), *spec.batches.values()):
        if definition.accounts and (definition.connection or config.default_connection) == connection.name:
            return resolve_accounts(config.written, definition.accounts)[0]
    return None


def account_with_key(config: Config, connection: Connection) -> str | None:
    """Says whose key to use for what is the same for all accounts; None where the connection has one key for them."""
    return example_account(config, connection) if connection.key_per_account else None


def _members(written: WrittenSpec, group: str) -> Iterator[_Member]:
    """Yields accounts of the list as they are, and of the file those that `tags` chooses."""
    spec = written.spec.accounts[group]
    for number, account in enumerate(spec.accounts):
        line = written.document.line_of(("accounts", group, "list", number))
        place = f"{written.document.path}, line {line}"
        yield _Member(account=_checked(account, place), place=place)
    if spec.file is not None:
        for member in _file_members(_file(written, group, spec.file)):
            if not spec.tags or member.tags.intersection(spec.tags):
                yield member


def _file(written: WrittenSpec, group: str, source: str) -> Path:
    """Finds the one file that a group names. Raises `SourceError`."""
    line = written.document.line_of(("accounts", group, "file"))
    try:
        (path, *others) = paths(source, written.folder)
    except InputError as error:
        raise SourceError(str(written.document.path), line, str(error)) from error
    if others:
        why = f"{source} names {len(others) + 1} files; a group has one"
        raise SourceError(str(written.document.path), line, why)
    return path


def _file_members(path: Path) -> Iterator[_Member]:
    text = text_of(path)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if columns is None:
                # Without a header it is one account a line.
                columns = cells if "account" in cells else ["account"]
                if "account" in cells:
                    continue
            place = f"{path}, line {rows.line_num}"
            if len(cells) > len(columns):
                raise InputError(
                    f"{place} has more cells than there are columns; the first line may name account, tags"
                )
            named = dict(zip(columns, cells, strict=False))
            tags = frozenset(named.get("tags", "").replace(";", " ").split())
            yield _Member(account=_checked(named.get("account", ""), place), place=place, tags=tags)
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num} is not CSV: {error}") from error


def _checked(account: str, place: str) -> str:
    try:
        return check_account(account)
    except ConfigError as error:
        raise InputError(f"{place}: {error}") from error
