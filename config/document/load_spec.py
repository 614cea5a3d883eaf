"""Reads the spec file. Called by `config/load.py`, before anything is contacted.

Everything is checked here and every complaint has its line: a spec that loads can be acted on.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from forebay.config.document.references import Complaint, complaints
from forebay.config.document.sentences import sentence
from forebay.config.document.spec import Spec
from forebay.config.errors import ConfigError, Problem, SpecError
from forebay.config.yaml_lines import Document, Location, read_yaml

#: A spec is written by people; reading so much YAML takes two seconds.
MOST_BYTES = 1_000_000

_INLINE_KEY = re.compile(
    r"""
    (?<![A-Za-z0-9_]) (?: [sr]k_(?:live|test|org)_? | whsec_ ) \w{4,}   # today's keys, anywhere: comments too
    | ^ \s* (?: -\s+ | [\w."']+ \s* : \s+ )+ ["']? (?: [sr]k | whsec ) _ \w # any other shape, where a value begins
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSpec:
    """A spec file as it was read."""

    spec: Spec
    document: Document
    """The same as plain values, with the lines of its parts."""
    sha256: str
    """Of the file's text."""

    @property
    def folder(self) -> Path:
        """Gives the folder that the paths in the spec count from."""
        return self.document.path.parent


def load_spec(path: Path) -> WrittenSpec:
    """Reads and checks the spec; its document is there for later complaints. Raises SpecError with every problem."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(
                f"the spec {path} has {path.stat().st_size:,} bytes, more than the {MOST_BYTES:,} that are read; keep "
                "SQL and long lists of accounts in files of their own, which it names"
            )
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"the spec {path} cannot be read: {why}") from None
    _refuse_inline_keys(text, path)
    document = read_yaml(text, path)
    try:
        spec = Spec.model_validate({} if document.value is None else document.value)
    except ValidationError as exc:
        # Not `from exc`: its errors() carry the inputs.
        problems = tuple(_problem(error, document) for error in exc.errors(include_input=False, include_url=False))
        raise SpecError(path, problems) from None
    if wrong := tuple(_complaint(complaint, document) for complaint in complaints(spec)):
        raise SpecError(path, wrong)
    return WrittenSpec(spec=spec, document=document, sha256=hashlib.sha256(text.encode()).hexdigest())


def _refuse_inline_keys(text: str, path: Path) -> None:
    """Looks for keys on the raw lines, before anything else, so that no other complaint can quote one."""
    problems = tuple(
        Problem(line=number, text="a key stands here in the open; replace it by secret://env/NAME and roll the key")
        for number, line in enumerate(text.splitlines(), start=1)
        if _INLINE_KEY.search(line)
    )
    if problems:
        raise SpecError(path, problems)


def _problem(error: Any, document: Document) -> Problem:
    location: Location = error["loc"]
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    match error["type"]:
        case "unknown_key":
            return Problem(line=document.line_of((*location, error["ctx"]["key"])), text=message)
        case "missing":
            example = " (write 'version: 1')" if location == ("version",) else ""
            return Problem(line=document.line_of(location), text=f"the key '{_dotted(location)}' is missing{example}")
    text = sentence(error["type"], message, error.get("ctx", {}), document.value_at(location))
    return Problem(line=document.line_of(location), text=f"{_dotted(location) or 'the spec'}: {text}")


def _complaint(complaint: Complaint, document: Document) -> Problem:
    text = f"{_dotted(complaint.location)}: {complaint.text}"
    return Problem(line=document.line_of(complaint.location), text=text)


def _dotted(location: Location) -> str:
    # pydantic's mark of a key that is wrong itself; the key stands before it.
    return ".".join(str(part) for part in location if part != "[key]")
