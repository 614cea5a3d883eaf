"""Makes text renderable, and writes it: the one place where a command's words become a line, a style or a table.

Names, reasons, SQL and the words of Stripe are somebody else's. Nothing here takes them for markup, and what could
steer a terminal is spelled out (`config/printable.py`). `tests/test_house.py` finds whoever goes past this file.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from forebay.config.printable import printable, printable_json, printable_lines

#: A piece of a line: its text, or its text and style.
Part = str | tuple[str, str]


class PlainConsole(Console):
    """A console that takes no text for markup, emoji or something to highlight."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Makes a line of a bare string: the cell of a table, what is printed."""
        return super().render_str(printable(text), **options)


def styled(*parts: Part, style: str = "", cut: bool = False) -> Text:
    """Makes a line. `cut`: where there is no room it ends with an ellipsis, and never wraps."""
    pieces = [(printable(part), "") if isinstance(part, str) else (printable(part[0]), part[1]) for part in parts]
    if cut:
        return Text.assemble(*pieces, style=style, overflow="ellipsis", no_wrap=True)
    return Text.assemble(*pieces, style=style)


def table(*columns: str, **options: Any) -> Table:
    """Makes a table without lines, with a quiet header; cells are strings, or what `styled` made."""
    made = Table(box=None, pad_edge=False, header_style="dim", **options)
    for column in columns:
        made.add_column(column, no_wrap=True)
    return made


def stdout() -> PlainConsole:
    """Opens where results go. Piped, a table is as wide as it needs to be: nothing is cut for a width nobody has."""
    if sys.stdout.isatty():
        return PlainConsole(soft_wrap=True)
    return PlainConsole(soft_wrap=True, width=10_000)


def stderr() -> PlainConsole:
    """Opens where everything goes that is no result."""
    return PlainConsole(stderr=True)


def whole(shown: Table, console: Console) -> Table:
    """Makes the table as wide as it needs to be: a name that is cut cannot be copied, so let the terminal wrap it."""
    shown.width = console.measure(shown, options=console.options.update(max_width=10_000)).maximum
    return shown


def wrapped(line: Text, console: Console) -> None:
    """Prints a line; where the terminal is too narrow it is broken between words, and no id in its midst."""
    console.print(line, soft_wrap=not console.is_terminal)


def beside(margin: Text, line: Text, console: Console) -> None:
    """Prints a line beside what stands in the margin; where the terminal is too narrow it goes on below itself."""
    if not console.is_terminal:
        wrapped(Text.assemble(margin, line), console)
        return
    grid = Table.grid()
    grid.add_column(width=margin.cell_len, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(margin, line)
    console.print(grid)


def say(*lines: str) -> None:
    """Writes lines of a result to stdout."""
    _write(sys.stdout, lines)


def say_text(text: str) -> None:
    """Writes text in which line breaks are meant, such as SQL, to stdout: piped, every character of it as it is."""
    if sys.stdout.isatty():
        say(*printable_lines(text.removesuffix("\n")))
    else:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()


def remark(*lines: str) -> None:
    """Writes lines to stderr, for people."""
    _write(sys.stderr, lines)


def write_json(record: Mapping[str, Any]) -> None:
    """Writes an object on one line to stdout, out at once: a reader at the other end of a pipe waits for it."""
    _write(sys.stdout, [printable_json(record)])


def _write(stream: TextIO, lines: Iterable[str]) -> None:
    stream.write("".join(f"{printable(line)}\n" for line in lines))
    stream.flush()
