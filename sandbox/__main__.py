"""Runs `python -m forebay.sandbox`: each field of `SandboxSettings` is a flag and an environment variable."""

import sys
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_settings import CliApp, SettingsError

from forebay.sandbox import extra
from forebay.sandbox.sandbox_settings import SandboxSettings


def main() -> None:
    if problem := extra.missing():
        _refuse(f"{problem}\n  → {extra.WAY_OUT}")
    try:
        settings = CliApp.run(SandboxSettings)
    except ValidationError as error:
        # A default that follows another setting complains of that one's mistake, too.
        mistakes = [each for each in error.errors(include_url=False) if each["type"] != "default_factory_not_called"]
        _refuse("\n".join(f"sandbox: {_sentence(each)}" for each in mistakes))
    except SettingsError as error:
        _refuse(f"sandbox: {error}")
    from forebay.sandbox.http.server import run  # wants the extra

    try:
        run(settings)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        _refuse(f"sandbox: cannot listen on {place}: {error.strerror}\n  → --port 0 takes a free port and says which")


def _sentence(error: Any) -> str:
    """Names the flag, and what it wants."""
    flag = f"--{str(error['loc'][0]).replace('_', '-')}: " if error["loc"] else ""
    message: str = error["msg"]
    return flag + message.removeprefix("Value error, ").removeprefix("Input ")


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
