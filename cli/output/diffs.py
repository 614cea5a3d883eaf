"""Shows what was mended in the texts of runs: a unified diff for each query, once where many accounts share it."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forebay.cli.output import events, words
from forebay.cli.output.plain_text import stdout, styled

_MOST_NAMED = 5
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """One run's text, before and after."""

    name: str
    account: str | None
    before: str
    after: str

    @property
    def diff(self) -> tuple[str, ...]:
        """Writes the lines that differ, with three around them."""
        # By "\n" alone, so that each byte that differs is in a line that differs.
        lines = difflib.unified_diff(self.before.split("\n"), self.after.split("\n"), "accepted", "mended", lineterm="")
        return tuple(lines)


def show(changes: Iterable[TextChange]) -> None:
    """Prints them for people, on stdout."""
    console = stdout()
    for (name, diff), accounts in _grouped(changes):
        console.print(styled((f"{name}{_of(accounts)}", "bold")))
        for line in diff:
            console.print(styled((f"  {line}", _STYLES.get(line[:1], "dim"))))


def emit(changes: Iterable[TextChange]) -> None:
    """Writes them as events."""
    for (name, diff), accounts in _grouped(changes):
        named = [account for account in accounts if account]
        events.emit("mended", name=name, runs=len(accounts), accounts=named, diff="\n".join(diff))


def _grouped(changes: Iterable[TextChange]) -> Iterator[tuple[tuple[str, tuple[str, ...]], list[str | None]]]:
    groups: dict[tuple[str, tuple[str, ...]], list[str | None]] = {}
    for change in changes:
        groups.setdefault((change.name, change.diff), []).append(change.account)
    yield from groups.items()


def _of(accounts: list[str | None]) -> str:
    named = [account for account in accounts if account]
    if not named:
        return ""
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f" ({words.counted(len(named), 'account')}: {', '.join(named[:_MOST_NAMED])}{more})"
