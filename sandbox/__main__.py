"""Runs `python -m forebay.sandbox`: each field of `SandboxSettings` is a flag and an environment variable."""

import sys

from pydantic_settings import CliApp

from forebay.sandbox import extra
from forebay.sandbox.sandbox_settings import SandboxSettings


def main() -> None:
    if problem := extra.missing():
        print(f"{problem}\n  → {extra.WAY_OUT}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    from forebay.sandbox.http.server import run  # wants the extra

    run(CliApp.run(SandboxSettings))


if __name__ == "__main__":
    main()
