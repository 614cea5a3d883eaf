"""`python -m forebay.sandbox`: every setting of sandbox/settings.py is a flag and an environment variable."""

from pydantic_settings import CliApp

from forebay.sandbox.server import run
from forebay.sandbox.settings import SandboxSettings


def main() -> None:
    run(CliApp.run(SandboxSettings))


if __name__ == "__main__":
    main()
