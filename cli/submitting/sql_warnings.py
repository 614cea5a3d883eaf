"""Words what the judgement warns of in queries that are accepted all the same: each thing once, and not without end."""

from collections.abc import Iterable

from forebay.scheduler.sql.findings import Finding

#: People read a few lines before a run, and no hundred.
_MOST = 5


def warning_lines(found: Iterable[tuple[str, Finding]]) -> tuple[str, ...]:
    """Makes lines of warnings and the queries in which they were found."""
    first: dict[tuple[str, str], tuple[str, Finding]] = {}
    others: dict[tuple[str, str], set[str]] = {}
    for origin, finding in found:
        said = (finding.rule, finding.text)
        begun, _ = first.setdefault(said, (origin, finding))
        if origin != begun:
            others.setdefault(said, set()).add(origin)
    lines = [_line(*first[said], len(others.get(said, ()))) for said in first]
    rest = len(lines) - _MOST
    return (*lines[:_MOST], f"warning: {rest} more; `forebay validate` lists them") if rest > 0 else tuple(lines)


def _line(origin: str, finding: Finding, others: int) -> str:
    line = f", line {finding.line}" if finding.line > 1 else ""
    more = f" (and {others} more queries)" if others > 1 else " (and one more query)" if others else ""
    return f"warning: {origin}{line}: {finding.text}{more}  [{finding.rule}]"
