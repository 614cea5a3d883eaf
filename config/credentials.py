"""Reads what systemd hands to a service (`LoadCredential=`): files called as the variables for which they stand.

So a secret is in nobody's environment, and the spec need not know how a host keeps it. Read by the settings and by
references to secrets, where neither the environment nor `.env` has the variable.
"""

import os
from pathlib import Path

from forebay.config.errors import ConfigError


def credentials_folder() -> Path | None:
    """Gives the folder that this service was handed; None for who was handed nothing."""
    named = os.environ.get("CREDENTIALS_DIRECTORY")
    folder = Path(named) if named else None
    return folder if folder is not None and folder.is_dir() else None


def read_credential(variable: str) -> str | None:
    """Reads the credential of that name; None where there is none. Raises `ConfigError`."""
    folder = credentials_folder()
    if folder is None or "/" in variable:
        return None
    try:
        return (folder / variable).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        # Not `from error`: a UnicodeDecodeError carries the bytes.
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"the credential {variable} cannot be read: {why}") from None
