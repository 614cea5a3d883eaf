"""Writes docs/generated/options.md, every option of every command, from the commands themselves: `make docs` calls it.

python -m tests.docs.options_page
"""

from collections.abc import Iterator
from typing import Any

from forebay.cli.main import COMMANDS, PANELS
from tests.docs.command_parser import parameters_of
from tests.source import ROOT

PAGE = ROOT / "docs/generated/options.md"


def options_page() -> str:
    """Makes the page: a section a command, in the order of `forebay --help`."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Options of each command"
    yield "\nWritten from the commands by `make docs`; `forebay COMMAND --help` says the same. What they do is in"
    yield "[The command line](../cli.md)."
    for commands in PANELS.values():
        for name in commands:
            yield from ("", f"## `{name}`", "", COMMANDS[name][2], "")
            if name == "sandbox":
                yield "Its options are many: `forebay sandbox --help`."
                continue
            for words, parameters in parameters_of(name).items():
                if words != name:
                    yield from ("", f"### `{words}`", "")
                yield from ("| option | what it is |", "|---|---|")
                yield from (_row(parameter) for parameter in parameters)


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        spelled = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        spelled = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        if parameter.metavar:
            spelled += f" `{parameter.metavar}`"
    text = " ".join((parameter.help or "").split())
    return f"| {spelled.replace('|', chr(92) + '|')} | {text.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(options_page(), "utf-8")
