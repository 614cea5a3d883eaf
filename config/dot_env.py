"""Reads `.env`: variables that belong to a folder, one `NAME=value` a line.

Read by the settings, by references to secrets, and by `forebay --version`, so that all of them see one file alike.
"""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from forebay.config.errors import ConfigError

DOT_ENV = Path(".env")


def read_dot_env(path: Path = DOT_ENV) -> Mapping[str, str | None]:
    """Reads the variables of the file; none where there is no file.

    Raises `ConfigError` with the line of what is no `NAME=value`: passed over, it would take its setting along, and a
    quote that is never closed takes the next ones, too.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        # Not `from error`: a UnicodeDecodeError carries the whole file.
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path} cannot be read: {why}") from None
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            before = len(binding.original.string) - len(binding.original.string.lstrip())
            line = binding.original.line + binding.original.string[:before].count("\n")
            raise ConfigError(f"{path}, line {line}: this is no NAME=value, or a quote in it is never closed")
    return dotenv_values(stream=StringIO(text))
