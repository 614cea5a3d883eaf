"""Reads a command as the command line would, by its own parser, and runs nothing."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import typer
import typer.main
from pydantic import ValidationError
from pydantic_settings import CliApp, SettingsError

from forebay.cli.main import COMMANDS, application
from forebay.sandbox.sandbox_settings import SandboxSettings

#: A word that stands for a number, and one that stands for whatever there is.
_NUMBER, _LEFT_OUT = re.compile(r"N|SECONDS|PORT"), "…"


def refusal(words: Sequence[str]) -> str:
    """Says why `forebay` would not take these words (without `forebay`); empty if it would.

    What it would need and is left out is no matter of words: `forebay run` alone is a way to speak of the command.
    """
    if not words or words[0] in ("--help", "--version", "--install-completion", "-h"):
        return ""
    name, *arguments = [_NUMBER.sub("1", word) if _NUMBER.fullmatch(word) else word for word in words]
    if name not in COMMANDS:
        return f"there is no command {name}"
    if words[-1] == _LEFT_OUT and not words[-2].startswith("-"):
        arguments.pop()
    if name == "sandbox":
        return _refusal_of_the_sandbox(arguments)
    command = _commands()[name]
    if hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        if arguments[0] not in command.commands:
            return f"there is no command {name} {arguments[0]}"
        command = command.commands[arguments.pop(0)]
    try:
        command.make_context(name, arguments)
    except typer.Exit:
        return ""
    except typer.TyperException as error:
        left_out = "Missing" in type(error).__name__ or error.format_message().endswith("requires an argument.")
        return "" if left_out else error.format_message()
    return ""


def parameters_of(name: str) -> dict[str, list[Any]]:
    """The arguments and options of a command, and of those below it."""
    command = _commands()[name]
    found = {name: [each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]}
    for below, inner in getattr(command, "commands", {}).items():
        found[f"{name} {below}"] = [each for each in inner.params if each.name != "help"]
    return {words: parameters for words, parameters in found.items() if parameters}


@cache
def _commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(application(["--help", *COMMANDS]))
    return dict(group.commands)


def _refusal_of_the_sandbox(arguments: list[str]) -> str:
    try:
        CliApp.run(SandboxSettings, cli_args=arguments, cli_exit_on_error=False)
    except (SettingsError, ValidationError) as error:
        return str(error)
    return ""
