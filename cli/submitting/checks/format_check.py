"""Checks that what the formats need is installed, where the settings or the spec ask for one that needs something."""

from collections.abc import Iterator

from forebay.cli.errors import NotHere
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed
from forebay.cli.submitting.result_types import require_extra
from forebay.config.connections import Config
from forebay.config.result_format import ResultFormat
from forebay.scheduler.definitions.definition import definitions_of


def formats(config: Config) -> Iterator[CheckResult]:
    """Says nothing where all formats do with what every Forebay has."""
    definitions = definitions_of(config.written) if config.written else ()
    asked = {config.result_format, *(each.spec.result_format for each in definitions)}
    if ResultFormat.PARQUET not in asked:
        return
    try:
        require_extra(ResultFormat.PARQUET)
    except NotHere as error:
        yield failed("format", error)
    else:
        yield CheckResult(check="format", verdict=CheckVerdict.OK, message="the extra parquet is installed here")
