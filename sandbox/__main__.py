"""`python -m forebay.sandbox`: every setting of sandbox/options.py is a flag and an environment variable."""

from pydantic_settings import CliApp

from forebay.sandbox.options import SandboxSettings
from forebay.sandbox.server import run


def main() -> None:
    run(CliApp.run(SandboxSettings))


if __name__ == "__main__":
    main()
