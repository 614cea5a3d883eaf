"""Has somebody work on what was done by the page or its API; where that fails, says so beside it."""

from collections.abc import Callable

from forebay.cli.serving.problem_statuses import problem_of


def worked_on(came: str, begin: Callable[[], None]) -> str:
    """Has somebody work on what was done. Where that fails it is done all the same, and what came of it says so."""
    trouble = begun(begin)
    return f"{came}; but {trouble}" if trouble else came


def begun(begin: Callable[[], None]) -> str:
    """Has somebody work on what was done; says why nobody does, or nothing."""
    try:
        begin()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        problem = problem_of(error)
        way_out = f" ({problem.way_out})" if problem.way_out else ""
        return f"nobody was asked to work on it: {problem.message}{way_out}"
    return ""
