"""Holds what is written in a call against the bounds of its function. Part of `calls.py`.

`sequence()` makes 10,000 elements at most in Sigma; a share of `approx_percentile()` is between 0 and 1.
"""

from datetime import date

from forebay.scheduler.sql.trino.remarks import TreeRemarks
from forebay.scheduler.sql.trino.syntax import Node

_MOST = 10_000


def check_share(remarks: TreeRemarks, arguments: list[Node]) -> None:
    """Remarks on a percentile that is written as percent."""
    share = arguments[min(len(arguments) - 1, 2)]
    shares = list(share.nodes) if share.kind == "ArrayConstructor" else [share]
    for each in shares:
        text = remarks.tree.text(each)
        if each.kind == "NumericLiteral" and text.replace(".", "", 1).isdigit() and float(text) > 1:
            meant = f"{float(text) / 100:g}" if float(text) <= 100 else "0.5"
            remarks.error(
                each, "function", f"approx_percentile() takes a share between 0 and 1, not {text}: write {meant}"
            )


def check_sequence(remarks: TreeRemarks, arguments: list[Node]) -> None:
    """Remarks on a sequence of plain numbers or days that is too long."""
    values = [_value(remarks, argument) for argument in arguments]
    start, stop, step = (*values, 1)[:3]
    if start is None or stop is None or not step:
        return
    count = (stop - start) // step + 1
    if count > _MOST:
        text = f"this sequence has {count:,} elements, and Sigma takes {_MOST:,} at most: join two of them"
        remarks.error(arguments[0], "function", text)


def _value(remarks: TreeRemarks, node: Node) -> int | None:
    """Reads a number, a day or an interval of days; None for what is not written as one."""
    text = remarks.tree.text(node)
    if node.kind == "NumericLiteral" and text.isdigit():
        return int(text)
    words = text.split("'")
    if node.kind == "TypeConstructor" and words[0].strip().upper() == "DATE":
        try:
            return date.fromisoformat(words[1]).toordinal()
        except ValueError:
            return None
    if node.kind == "IntervalLiteral" and words[-1].strip().upper() == "DAY" and words[1].isdigit():
        return int(words[1])
    return None
