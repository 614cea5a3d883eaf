"""The section `accounts` of the spec: named groups of accounts that one definition is fanned out over."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.spec.strict import Strict


class AccountsSpec(Strict):
    """A group: the accounts of `list`, and those of `file` (only the ones with one of `tags`), without `exclude`.

    `file` is a CSV with the column `account` and, if wanted, `tags` (separated by `;` or blanks), or one account a
    line; its path counts from the spec's folder. `expect_at_least` guards against a list that shrank unnoticed.
    """

    accounts: Annotated[list[str], Field(alias="list")] = []
    file: str | None = None
    tags: list[str] = []
    exclude: list[str] = []
    expect_at_least: Annotated[int, Field(ge=1)] | None = None
