"""Finds what a name on the command line stands for in the spec: a batch or an extract, or the near miss."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.near_miss import did_you_mean, near_miss
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.sqlfiles import is_sql

if TYPE_CHECKING:
    from forebay.config.document.definitions import BatchSpec, ExtractSpec


def definition(config: Config, name: str) -> BatchSpec | ExtractSpec | None:
    """Finds what the spec has under this name."""
    if config.written is None:
        return None
    return config.written.spec.extracts.get(name) or config.written.spec.batches.get(name)


def named_definition(config: Config, sources: Sequence[str]) -> str | None:
    """Finds the definition that the arguments name; a file of that name goes first.

    Raises `InputError` for a definition among other things.
    """
    definitions = [source for source in sources if definition(config, source) and not _is_path(source)]
    if definitions and len(sources) > 1:
        raise InputError(
            f"{definitions[0]} is a definition of the spec; it makes a batch of its own, so name nothing beside it"
        )
    for source in sources:
        if hint := _near(config, source):
            raise InputError(f"there is no file {source}, and the spec has no definition of that name{hint}")
    return definitions[0] if definitions else None


def is_query_source(config: Config, name: str) -> bool:
    """Tells files, globs and standard input from names of the spec, where a command takes both; a file goes first."""
    if definition(config, name) and not _is_path(name):
        return False
    return name == "-" or _is_path(name) or is_sql(name) or bool(Path(name).suffix) or glob.has_magic(name)


def _is_path(name: str) -> bool:
    """Tells whether it is there; of what no file can be called, pathlib raises."""
    return os.path.exists(name)  # noqa: PTH110


def _near(config: Config, source: str) -> str:
    """Names the definition that was probably meant by what is neither a definition nor a path."""
    if config.written is None or source == "-" or not source.replace("-", "_").isidentifier() or _is_path(source):
        return ""
    spec = config.written.spec
    return "" if definition(config, source) else near_miss(source, [*spec.extracts, *spec.batches])


def extract_of(config: Config, name: str) -> ExtractSpec:
    """Finds the extract of this name. Raises `ConfigError` with the near miss."""
    known = config.written.spec.extracts if config.written else {}
    if name not in known:
        hint = did_you_mean(name, [*known]) if known else "; there is no spec with extracts here"
        raise ConfigError(f"the spec has no extract '{name}'{hint}")
    return known[name]


def known(config: Config) -> list[str]:
    """Lists all that can be named."""
    return [*config.written.spec.extracts, *config.written.spec.batches] if config.written else []


def meant(config: Config, names: Sequence[str] | None, *, several: bool) -> list[str]:
    """Finds the definitions that are meant, each once; all, where none is named and there may be `several`.

    Raises `ConfigError` and `InputError`.
    """
    for name in names or ():
        if definition(config, name) is None:
            raise no_such(config, name)
    if names:
        return list(dict.fromkeys(names))
    if not several:
        raise InputError("--window and --param are about one definition: name it")
    everything = known(config)
    if not everything:
        raise no_spec()
    return everything


def no_such(config: Config, name: str) -> ConfigError:
    """Makes the error for a name that is none."""
    names = known(config)
    return ConfigError(f"there is no extract or batch '{name}'{did_you_mean(name, names)}") if names else no_spec()


def no_spec() -> ConfigError:
    """Makes the error for a spec in which nothing has a name."""
    return ConfigError(
        "there is no spec with extracts or batches here: `forebay init` writes one, FOREBAY_SPEC says where one is"
    )
