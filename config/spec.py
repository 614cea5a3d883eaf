"""The spec file `forebay.yaml`: what it may say. Read by `load_config`; `accounts`, `extracts` and `batches` go here.

Everything is checked here and every complaint has its line: a spec that loads can be acted on. Types are strict (a
quoted "20" is no number), since a file is written once, by somebody who can see the message.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from config.errors import ConfigError, Problem, SpecError
from config.secrets import SecretRef
from config.settings import PerSecond
from config.stripe import Mode, Scope
from config.yaml_lines import Document, Location, read_yaml

_INLINE_KEY = re.compile(
    r"""
    (?<![A-Za-z0-9_]) (?: [sr]k_(?:live|test|org)_? | whsec_ ) \w{4,}   # today's keys, anywhere: comments too
    | ^ \s* (?: -\s+ | [\w."']+ \s* : \s+ )+ ["']? (?: [sr]k | whsec ) _ \w # any other shape, where a value begins
    """,
    re.VERBOSE,
)


class _Strict(BaseModel):
    """A part of the spec: unknown keys are errors, with the known key that was probably meant."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, given: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in given if isinstance(given, dict) else ():
            if key not in known:
                raise PydanticCustomError(
                    "unknown_key",
                    "unknown key '{key}'{hint}",
                    {"key": key, "hint": _did_you_mean(key, known)},
                )
        return given


def _did_you_mean(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f", did you mean '{close[0]}'?" if close else f" (known here: {', '.join(known)})"


def _secret_reference(text: str) -> str:
    try:
        SecretRef.parse(text)
    except ConfigError as exc:
        raise ValueError(str(exc)) from None
    return text


class ReserveSpec(_Strict):
    """Slots that lower classes leave free."""

    interactive: Annotated[int, Field(ge=0)] = 0
    scheduled: Annotated[int, Field(ge=0)] = 0


class LaneSpec(_Strict):
    """The cap: what it applies to, and how much of it is ours. `cap` None means Stripe's own figure."""

    scope: Annotated[Scope, Field(strict=False)] = Scope.ORGANIZATION
    cap: Annotated[int, Field(ge=1)] | None = None
    margin: Annotated[int, Field(ge=0)] | None = None
    reserve: ReserveSpec = ReserveSpec()


class RequestsSpec(_Strict):
    """Requests a second that we allow ourselves; None leaves it to the setting of the same name."""

    creates_per_s: PerSecond | None = None
    retrieves_per_s: PerSecond | None = None
    per_s: PerSecond | None = None


class ConnectionSpec(_Strict):
    mode: Annotated[Mode, Field(strict=False)]
    key: Annotated[str, AfterValidator(_secret_reference)]
    api_base: str | None = None
    api_version: str | None = None
    lane: LaneSpec = LaneSpec()
    requests: RequestsSpec = RequestsSpec()
    download_hosts: list[str] | None = None


class DefaultsSpec(_Strict):
    output: str | None = None
    connection: str | None = None
    # How batches are served beside others, where the command does not say.
    flow_class: Annotated[Literal["interactive", "scheduled", "backfill"], Field(alias="class")] = "scheduled"
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    ceiling: Annotated[int, Field(ge=0)] = 0


class Spec(_Strict):
    version: Literal[1]
    connections: Annotated[dict[str, ConnectionSpec], Field(min_length=1)]
    defaults: DefaultsSpec = DefaultsSpec()

    @model_validator(mode="after")
    def _default_exists(self) -> Self:
        name = self.defaults.connection
        if name is not None and name not in self.connections:
            raise PydanticCustomError(
                "unknown_connection",
                "defaults.connection: there is no connection '{name}'{hint}",
                {"name": name, "hint": _did_you_mean(name, list(self.connections))},
            )
        return self


def load_spec(path: Path) -> tuple[Spec, Document]:
    """The checked spec, and the document it came from for later complaints. Raises SpecError with every problem."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"the spec {path} cannot be read: {why}") from None
    _refuse_inline_keys(text, path)
    document = read_yaml(text, path)
    try:
        return Spec.model_validate({} if document.value is None else document.value), document
    except ValidationError as exc:
        # Not `from exc`: its errors() carry the inputs.
        problems = tuple(_problem(error, document) for error in exc.errors(include_input=False, include_url=False))
        raise SpecError(path, problems) from None


def _refuse_inline_keys(text: str, path: Path) -> None:
    """On the raw lines and before anything else, so that no other complaint can quote a key."""
    problems = tuple(
        Problem(line=number, text="a key stands here in the open; replace it by secret://env/NAME and roll the key")
        for number, line in enumerate(text.splitlines(), start=1)
        if _INLINE_KEY.search(line)
    )
    if problems:
        raise SpecError(path, problems)


def _problem(error: Any, document: Document) -> Problem:
    location: Location = error["loc"]
    said = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    match error["type"]:
        case "unknown_key":
            return Problem(line=document.line_of((*location, error["ctx"]["key"])), text=said)
        case "unknown_connection":
            return Problem(line=document.line_of(("defaults", "connection")), text=said)
        case "missing":
            example = " (write 'version: 1')" if location == ("version",) else ""
            return Problem(line=document.line_of(location), text=f"the key '{_dotted(location)}' is missing{example}")
    return Problem(line=document.line_of(location), text=f"{_dotted(location) or 'the spec'}: {said}")


def _dotted(location: Location) -> str:
    return ".".join(map(str, location))
