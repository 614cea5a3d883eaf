"""Defines the section `accounts` of the spec: named groups of accounts that one definition is fanned out over."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from forebay.config.document.strict import Strict
from forebay.config.document.values import Account, NonBlank


class AccountsSpec(Strict):
    """A group: the accounts of `list`, and those of `file` (only the ones with one of `tags`), without `exclude`."""

    accounts: Annotated[list[Account], Field(alias="list")] = []
    """The accounts themselves: acct_…, or acct_…/acct_… for one behind a platform."""
    file: NonBlank | None = None
    """A CSV with the column `account` and, if wanted, `tags` (separated by `;` or blanks), or one account a line.
    The path counts from the spec's folder."""
    tags: list[NonBlank] = []
    """Only accounts of the file that have one of these tags."""
    exclude: list[Account] = []
    """Accounts that are left out."""
    expect_at_least: Annotated[int, Field(ge=1)] | None = None
    """Fewer accounts than this are an error: it guards against a list that shrank unnoticed."""
    whole_organization: bool = False
    """These are all accounts of the organization, so `fan_out: auto` may ask it as one."""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.accounts and self.file is None:
            raise ValueError("no account is left of it, for it has neither 'list' nor 'file'")
        if self.tags and self.file is None:
            raise ValueError("tags choose from a file, and none is named")
        if self.whole_organization and (self.tags or self.exclude):
            raise ValueError("tags and exclude leave accounts out, so it is not the whole organization")
        return self
