"""The page has what the results and the rows of step deaths say."""

from tests.chaos.report import PAGE, between, parts
from tests.chaos.results import read


def test_the_page_is_what_the_results_say() -> None:
    expected = parts([*read()])
    page = PAGE.read_text()

    assert {name: between(page, name)[1] for name in expected} == expected, "run python -m tests.chaos --report"
