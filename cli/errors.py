"""Names what the command line raises itself; all else comes from the packages below it (`exits.py` has the table).

CliError
├── PreflightFailed      a check before the start failed; nothing was submitted
├── EmbeddedFailed       the local Valkey or its supervisor did not start, or ended
├── WorkersDown          the local worker processes end as soon as they start
├── OtherSettings        somebody else works in the same data folder with other settings
├── NotConfirmed         it would have asked first, and nobody is there to answer
└── NotHere              something that this command needs is not installed, or not in this folder
"""


class CliError(Exception):
    """Root of what the command line raises."""

    def __init__(self, message: str, *, way_out: str = "") -> None:
        super().__init__(message)
        self.way_out = way_out


class PreflightFailed(CliError):
    """Raised when a check before the start failed. `exit_code` and `kind` are those of the check."""

    def __init__(self, message: str, *, way_out: str, exit_code: int, kind: str) -> None:
        super().__init__(message, way_out=way_out)
        self.exit_code = exit_code
        self.kind = kind


class EmbeddedFailed(CliError):
    """Raised when the local services did not start, or cannot be found any more."""


class WorkersDown(CliError):
    """Raised when a local worker process ends again and again as soon as it starts."""


class OtherSettings(CliError):
    """Raised when the data folder is in use by somebody whose workers have another key or another spec."""


class NotConfirmed(CliError):
    """Raised when a command asks before it goes on, and has no terminal to ask on; nothing was done."""


class NotHere(CliError):
    """Raised when an optional part is not installed, or the folder lacks what the command works on."""
