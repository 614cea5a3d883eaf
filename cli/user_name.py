"""Says who gives a command: kept with what people decide."""

import getpass
import os


def user_name() -> str:
    """Names the user; by number where the system knows no name for it, as in many a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
