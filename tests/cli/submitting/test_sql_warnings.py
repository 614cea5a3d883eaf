from forebay.cli.submitting.sql_warnings import warning_lines
from forebay.scheduler.sql.findings import Finding, Severity


def finding(text: str, line: int = 1) -> Finding:
    return Finding(line=line, rule="limit-order", severity=Severity.WARNING, text=text)


def test_what_is_the_same_in_many_queries_is_said_once() -> None:
    found = [(f"q{number}", finding("LIMIT without ORDER BY", line=3)) for number in range(1000)]

    assert warning_lines(found) == (
        "warning: q0, line 3: LIMIT without ORDER BY (and 999 more queries)  [limit-order]",
    )


def test_no_more_is_said_than_people_read() -> None:
    lines = warning_lines([("q", finding(f"thing {number}")) for number in range(20)])

    assert lines[0] == "warning: q: thing 0  [limit-order]"
    assert lines[5:] == ("warning: 15 more; `forebay validate` lists them",)


def test_nothing_is_said_of_nothing() -> None:
    assert warning_lines([]) == ()
