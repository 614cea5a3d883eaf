"""The page has what the results say."""

from tests.chaos.report import BEGIN, END, PAGE, text
from tests.chaos.results import read


def test_the_page_is_what_the_results_say() -> None:
    _, _, rest = PAGE.read_text().partition(BEGIN)
    generated, _, _ = rest.partition(END)

    assert generated.strip() == text([*read()]), "run python -m tests.chaos --report"
