"""Reads what a block of a page would have a shell do, as words; what is output or data is left out.

It knows as much of the shell as pages use: prompts, comments, `\\` at an end, variables before a command, and what
stands between two of them (`|`, `&&`, `;`).
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.markdown_pages import Block, Page

#: What pages call. A line that begins with anything else is output, or what a file holds.
PROGRAMS = {"forebay", "make", "pip", "python", "python3", ".", "cd", "echo", "export", "for", "git", "mkdir", "unset"}
PROGRAMS |= {"aws", "bq", "celery", "curl", "docker", "duckdb", "helm", "jq", "kubectl", "promtool", "psql", "rclone"}
PROGRAMS |= {"snowsql", "stripe", "sudo", "systemctl", "systemd-analyze", "valkey-cli", "cat", "chmod", "("}
_BETWEEN = {"|", "||", "&&", ";", "&", "(", ")"}
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*=.*", re.DOTALL)
_NO_SHELL = {"yaml", "json", "mermaid", "python", "toml", "ini", "sql"}


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its words, where a page shows it."""

    page: str
    line: int
    words: tuple[str, ...]
    """Without variables that are set for it, comments and redirections."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {' '.join(self.words)}"


def commands_of(page: Page, block: Block) -> Iterator[Command]:
    """Yields the commands of a block; none where it shows something else."""
    if block.language in _NO_SHELL:
        return
    for number, line in lines_of(block):
        for words in _commands(line):
            yield Command(page.name, number, words)


def shown_commands(page: Page) -> Iterator[Command]:
    """Yields the commands of all blocks of a page."""
    return (command for block in page.blocks for command in commands_of(page, block))


def lines_of(block: Block) -> Iterator[tuple[int, str]]:
    """Yields the lines of a block that a shell would be given, whole, with the number of each in its page."""
    lines = enumerate(block.text.splitlines(), start=block.line)
    for number, line in lines:
        whole = line.removeprefix("$ ")
        while whole.endswith("\\"):
            whole = f"{whole[:-1]} {next(lines)[1].strip()}"
        if re.match(r"\s", line) or not any(_commands(whole)):
            continue
        yield number, whole
        if heredoc := re.search(r"<<'?(\w+)'?", whole):
            for _, inner in lines:
                if inner == heredoc[1]:
                    break


def inline_commands(page: Page) -> Iterator[Command]:
    """Yields each `forebay …` that stands in a line of prose, also over the end of one."""
    for found in re.finditer(r"`(forebay [a-z-][^`]*)`", page.prose):
        line = page.prose.count("\n", 0, found.start()) + 1
        for words in _commands(" ".join(found[1].split())):
            yield Command(page.name, line, words)


def _commands(line: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = [*lexer]
    except ValueError:  # a quote that goes on in the next line: no line of a shell
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word in _BETWEEN or word.startswith("#"):
            yield from _command(command)
            command = []
            if word.startswith("#"):
                return
        else:
            command.append(word)


def _command(words: list[str]) -> Iterator[tuple[str, ...]]:
    while words and _VARIABLE.fullmatch(words[0]):
        words = words[1:]
    for at, word in enumerate(words):
        if set(word) <= {"<", ">"}:
            words = words[:at]
            break
    if words and (words[0] in PROGRAMS or words[0].startswith(".venv")):
        yield tuple(words)
