"""Finds the definitions of a spec: its extracts and its batches, each with where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from forebay.config.connections import Config
from forebay.config.document.definitions import BatchSpec, ExtractSpec
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.document.values import Scalar
from forebay.config.errors import ConfigError
from forebay.config.near_miss import did_you_mean

Kind = Literal["extract", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One extract or batch of a spec."""

    written: WrittenSpec
    name: str
    spec: ExtractSpec | BatchSpec

    @property
    def kind(self) -> Kind:
        return "extract" if isinstance(self.spec, ExtractSpec) else "batch"

    @property
    def former_names(self) -> tuple[str, ...]:
        """Lists the names that an extract had."""
        return self.spec.former_names if isinstance(self.spec, ExtractSpec) else ()

    @property
    def names(self) -> tuple[str, ...]:
        """Lists all names that it has or had, the present one first."""
        return (self.name, *self.former_names)

    @property
    def section(self) -> str:
        """Names the section of the spec that it stands in."""
        return "extracts" if self.kind == "extract" else "batches"

    @property
    def matrix(self) -> Mapping[str, list[Scalar]]:
        return self.spec.matrix if isinstance(self.spec, BatchSpec) else {}

    def line_of(self, *path: str | int) -> int:
        """Finds the line of the spec on which something of it stands."""
        return self.written.document.line_of((self.section, self.name, *path))


def definitions_of(written: WrittenSpec) -> Iterator[Definition]:
    """Yields all of a spec, extracts first."""
    for name, extract in written.spec.extracts.items():
        yield Definition(written=written, name=name, spec=extract)
    for name, batch in written.spec.batches.items():
        yield Definition(written=written, name=name, spec=batch)


def find_definition(config: Config, kind: Kind, name: str) -> Definition:
    """Finds the extract or the batch of this name. Raises `ConfigError`, with the near miss."""
    if config.written is None:
        raise ConfigError("there is no spec file here: extracts and batches are defined in one (forebay.yaml)")
    known = {one.name: one for one in definitions_of(config.written) if one.kind == kind}
    if name not in known:
        hint = did_you_mean(name, [*known]) if known else ""
        raise ConfigError(f"the spec has no {kind} '{name}'{hint}")
    return known[name]
