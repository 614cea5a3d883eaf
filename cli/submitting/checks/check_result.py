"""Says what came of one check before the start: a row of `doctor`, or the error of a command that cannot go on."""

from dataclasses import dataclass
from enum import StrEnum

from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit, report


class CheckVerdict(StrEnum):
    """Whether work can begin."""

    OK = "ok"
    WARNING = "warning"  # it can, but may wait or surprise
    FAILED = "failed"  # it cannot


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of one check."""

    check: str
    verdict: CheckVerdict
    message: str
    way_out: str = ""
    exit_code: Exit = Exit.OK
    kind: str = ""

    def error(self) -> PreflightFailed:
        """Makes an error of it, for a command that cannot go on; also where others could, as with a warning."""
        code = self.exit_code or Exit.USAGE
        return PreflightFailed(self.message, way_out=self.way_out, exit_code=code, kind=self.kind)


def stands_still(check: str, message: str, *, way_out: str = "") -> CheckResult:
    """Makes a warning: what is submitted is safe, and nothing comes of it until that was mended."""
    return CheckResult(
        check=check, verdict=CheckVerdict.WARNING, message=message, way_out=way_out, exit_code=Exit.SOME_FAILED
    )


def failed(check: str, error: Exception, *, code: Exit | None = None, kind: str = "", way_out: str = "") -> CheckResult:
    """Makes a failed check of an error, which is right about all that is not given."""
    reported = report(error)
    return CheckResult(
        check=check,
        verdict=CheckVerdict.FAILED,
        message=reported.message,
        way_out=way_out or reported.way_out,
        exit_code=code or reported.exit_code,
        kind=kind or reported.kind,
    )
