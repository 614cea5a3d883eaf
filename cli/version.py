"""Says which Forebay this is and what it would read here: `forebay --version`.

For a report of a fault, and for whoever wonders why a setting is not heard. Nothing has to be in order for it, and it
shows names, never values.
"""

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from forebay.config import release_number
from forebay.config.dot_env import DOT_ENV, read_dot_env
from forebay.config.errors import ConfigError
from forebay.config.settings import Settings, variable

_KNOWN = frozenset(map(variable, Settings.model_fields))


def version() -> str:
    """Says it in four lines."""
    written, trouble = _dotenv()
    return (
        f"forebay   {release_number.__version__}, {Path(release_number.__file__).parents[1]}\n"
        f"python    {platform.python_version()}, {sys.executable}\n"
        f"settings  {_names(os.environ)} in the environment; {trouble or f'{_names(written)} in .env'}\n"
        f"spec      {_spec(os.environ, written)}"
    )


def _dotenv() -> tuple[Mapping[str, str | None], str]:
    """Reads `.env` as the settings do; and what is to be said when there is nothing to read."""
    if not DOT_ENV.is_file():
        return {}, "no .env here"
    try:
        return read_dot_env(), ""
    except ConfigError as error:
        return {}, str(error)


def _names(values: Mapping[str, str | None]) -> str:
    return ", ".join(sorted(name for name, _ in _ours(values))) or "none"


def _spec(environment: Mapping[str, str | None], dotenv: Mapping[str, str | None]) -> str:
    named = (dict(_ours(dotenv)) | dict(_ours(environment))).get(variable("spec"))
    path = Path(named or Settings.model_fields["spec"].default)
    if os.path.exists(path):  # noqa: PTH110 - pathlib raises for what no file can be called
        return str(path.absolute())
    return f"none: {path} does not exist" + (f", which {variable('spec')} names" if named else "")


def _ours(values: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Picks what the settings would take: their own names, in any case of letters, with a value."""
    for name, value in values.items():
        if value and name.upper() in _KNOWN:
            yield name.upper(), value
