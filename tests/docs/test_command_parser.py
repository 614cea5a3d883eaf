"""What the command line would refuse is refused, and what pages leave out is no fault."""

import pytest

from tests.docs.command_parser import refusal


@pytest.mark.parametrize(
    "typed",
    [
        "run queries/*.sql --too ./out",
        "runn",
        "ls --state faild",
        "lanes sett",
        "lanes set LANE --margin many",
        "sandbox --capp 5",
    ],
)
def test_slips_are_refused(typed: str) -> None:
    assert refusal(typed.split())


@pytest.mark.parametrize(
    "typed",
    [
        "run",
        "run queries/*.sql --to ./out",
        "lanes set LANE --margin N",
        "release BATCH --reason …",
        "backfill …",
        "schema show charges",
        "sandbox --duration fixed:5",
        "--version",
    ],
)
def test_what_pages_write_is_taken(typed: str) -> None:
    assert refusal(typed.split()) == ""
