"""Proves that a query may be cut along a column: then its parts, put together, are the rows of the whole.

`forebay validate` asks this of every query whose definition says `split`, and expansion asks it again before the policy
takes the texts along; who cuts (`scheduler/splitting/splitter.py`) relies on it.

A query is sound if it is `SELECT … FROM R WHERE on >= start AND on < end AND …`, where R and everything else are the
same whatever the window is, and each row is chosen and computed by itself. Joins, derived tables and correlated
subqueries are part of R or of a row's own computing, so they may stand there, as long as they neither name the window
nor choose among rows as they like. What cannot be proved here is refused: a refused query only has to be written
otherwise, a wrongly accepted one would lose rows or double them.
"""

from datetime import UTC, datetime

#: The moments that a query is rendered with to be judged: recognised wherever they end up, since nobody means them.
START = datetime(1907, 3, 11, 5, 17, 41, tzinfo=UTC)
END = datetime(1911, 9, 23, 14, 29, 53, tzinfo=UTC)


def unsound(sql: str, on: str) -> list[str]:
    """Says why the query cannot be cut along the column `on`, in sentences; none, if it can.

    `sql` is rendered Trino with `START` as `window.start` and `END` as `window.end`.
    """
    # sqlglot takes a moment to load, and most commands never come here.
    from forebay.scheduler.sql.rowwise import reasons

    return reasons(sql, on, start=START, end=END)
