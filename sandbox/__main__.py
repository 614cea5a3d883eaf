"""`python -m sandbox`: every setting of sandbox/settings.py is a flag and an environment variable."""

from pydantic_settings import CliApp

from sandbox.server import run
from sandbox.settings import SandboxSettings


def main() -> None:
    run(CliApp.run(SandboxSettings))


if __name__ == "__main__":
    main()
