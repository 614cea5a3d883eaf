"""Resolves secret references, which say where a key is, instead of the key.

`secret://env/NAME` is the variable NAME of the environment, or else of `.env`, or else the credential NAME that systemd
handed over; `secret://file/PATH` is the content of a file, PATH counted from the folder of the spec file (an absolute
one has two slashes: `secret://file//run/…`).
With `{account}` in it, a reference leads to a key for each account: `secret://env/STRIPE_KEY_{account}`.
The spec holds references only; `Connection.key()` resolves one at each use, so that a key rolled in its file
needs no restart, and commands that never talk to Stripe need no key.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Self

from pydantic import SecretStr

from forebay.config.credentials import read_credential
from forebay.config.dot_env import read_dot_env
from forebay.config.errors import SecretError

log = logging.getLogger(__name__)

_SCHEME = "secret://"
_ACCOUNT = "{account}"


class SecretSource(Protocol):
    """Whatever can produce a key when it is needed. `str()` of it says where from, and never what."""

    @property
    def per_account(self) -> bool:
        """Tells whether each account has a key of its own here."""

    def of(self, account: str) -> SecretSource:
        """Says where the key of one account is; the source itself where all share one."""

    def resolve(self) -> SecretStr:
        """Reads the secret itself; SecretError if there is none."""


class SecretPlace(StrEnum):
    """Where a secret may be kept."""

    ENV = "env"  # a variable of the environment or of `.env`, or a credential
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """A parsed reference."""

    place: SecretPlace
    target: str
    """The variable's name, or the file's path."""
    folder: Path = Path()
    """What a relative path counts from."""

    @classmethod
    def parse(cls, text: str, *, folder: Path = Path()) -> Self:
        """Reads `secret://env/NAME` or `secret://file/PATH`; raises SecretError, which does not echo `text`."""
        place, _, target = text.removeprefix(_SCHEME).partition("/")
        if not text.startswith(_SCHEME) or place not in list(SecretPlace) or not target:
            # The text may be a key pasted where the reference belongs, so it is not repeated.
            raise SecretError("a key must be a reference: secret://env/NAME or secret://file/PATH")
        if re.search(r"[{}]", target.replace(_ACCOUNT, "")):
            raise SecretError("in the reference to a key, braces may only hold the word account: {account}")
        return cls(place=SecretPlace(place), target=target, folder=folder)

    def __str__(self) -> str:
        return f"{_SCHEME}{self.place}/{self.target}"

    @property
    def per_account(self) -> bool:
        return _ACCOUNT in self.target

    def of(self, account: str) -> SecretRef:
        # As in a lane's name: no account holds a dot, so two of them never meet in one file or variable.
        return replace(self, target=self.target.replace(_ACCOUNT, account.replace("/", ".")))

    def resolve(self) -> SecretStr:
        """Reads the secret itself, without blanks around it; SecretError if there is none."""
        value = self._from_env() if self.place is SecretPlace.ENV else self._from_file()
        if not value.strip():
            raise SecretError(f"{self} is empty; put the key there")
        return SecretStr(value.strip())

    def _from_env(self) -> str:
        value = os.environ.get(self.target)
        if value is None:  # The same order as in Settings: one rule for what `.env` means.
            value = read_dot_env().get(self.target)
        if value is None:
            value = read_credential(self.target)
        if value is None:
            raise SecretError(f"{self}: the variable {self.target} is not set; set it, or add it to .env")
        return value

    def _from_file(self) -> str:
        try:
            path = self.folder / Path(self.target).expanduser()
        except RuntimeError:
            raise SecretError(f"{self}: {self.target.partition('/')[0]} is no user whose home is known here") from None
        try:
            _warn_if_others_can_read(path)
            return path.read_text("utf-8")
        except UnicodeDecodeError:
            # Not `from exc`: it carries the bytes.
            raise SecretError(f"{self}: {path} is not a text file") from None
        except OSError as exc:
            way_out = "" if path.is_absolute() else "; an absolute path is written with two slashes: secret://file//…"
            raise SecretError(f"{self}: {path} cannot be read ({exc.strerror}){way_out}") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSecret:
    """A secret already in hand: STRIPE_API_KEY as `Settings` read it."""

    origin: str
    value: SecretStr

    def __str__(self) -> str:
        return self.origin

    @property
    def per_account(self) -> bool:
        return False

    def of(self, account: str) -> HeldSecret:  # noqa: ARG002 - the protocol's
        return self

    def resolve(self) -> SecretStr:
        return self.value


@lru_cache
def _warn_if_others_can_read(path: Path) -> None:
    """Warns once a file, not once a request, and no more than that: some volume drivers leave no choice of mode."""
    if path.stat().st_mode & stat.S_IROTH:
        log.warning(
            "secret file %s can be read by every user of this machine; chmod 600 it",
            path,
            extra={"event": "secret_file_world_readable", "path": str(path)},
        )
