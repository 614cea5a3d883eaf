"""Starts a command: the one place where all of them are named, and where an exception becomes a sentence and a code."""

import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from forebay.cli.exits import ErrorReport, Exit, report
from forebay.cli.option_groups import ungrouped
from forebay.cli.options import flag
from forebay.cli.output import events, plain_text
from forebay.cli.version import version as version_text
from forebay.config.document.strict import near_miss
from forebay.worker.logs import PrintableFormatter

#: The panels of `--help` in their order; in each its commands, with the module that has the function of that name.
PANELS = {
    "Run and follow": {
        "run": "forebay.cli.commands.running.run",
        "submit": "forebay.cli.commands.running.submit",
        "watch": "forebay.cli.commands.running.watch",
        "ls": "forebay.cli.commands.running.ls",
        "show": "forebay.cli.commands.running.show",
    },
    "Results": {
        "refetch": "forebay.cli.commands.results.refetch",
        "adopt": "forebay.cli.commands.results.adopt",
        "verify": "forebay.cli.commands.results.verify",
        "load-sql": "forebay.cli.commands.results.load_sql",
        "shadow": "forebay.cli.commands.results.shadow",
    },
    "Steer": {
        "retry": "forebay.cli.commands.steering.retry",
        "check": "forebay.cli.commands.steering.check",
        "release": "forebay.cli.commands.steering.release",
        "cancel": "forebay.cli.commands.steering.cancel",
        "change": "forebay.cli.commands.steering.change",
        "pause": "forebay.cli.commands.steering.pause",
        "resume": "forebay.cli.commands.steering.pause",
        "lanes": "forebay.cli.commands.steering.lanes",
    },
    "Spec": {
        "init": "forebay.cli.commands.spec.init",
        "validate": "forebay.cli.commands.spec.validate",
        "plan": "forebay.cli.commands.spec.plan",
        "compile": "forebay.cli.commands.spec.compile",
        "extracts": "forebay.cli.commands.spec.extracts",
        "backfill": "forebay.cli.commands.spec.backfill",
        "schema": "forebay.cli.commands.spec.schema",
    },
    "Operate": {
        "worker": "forebay.cli.commands.operating.serve_worker",
        "beat": "forebay.cli.commands.operating.serve_beat",
        "web": "forebay.cli.commands.operating.serve_web",
        "listen": "forebay.cli.commands.operating.listen",
        "costs": "forebay.cli.commands.operating.costs",
        "doctor": "forebay.cli.commands.operating.doctor",
        "rebuild": "forebay.cli.commands.operating.rebuild",
        "prune": "forebay.cli.commands.operating.prune",
    },
    "Try": {
        "demo": "forebay.cli.commands.trying.demo",
        "sandbox": "forebay.cli.commands.trying.sandbox",
    },
}
COMMANDS = {name: (panel, module) for panel, commands in PANELS.items() for name, module in commands.items()}
#: Everything behind its name belongs to the sandbox, --help too.
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def main() -> None:
    """Runs the command that the shell was given."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no ü shows one spelled out
    if logging.lastResort:  # what takes warnings in a process that sets up no log of its own
        logging.lastResort.setFormatter(PrintableFormatter("%(message)s"))
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code, whatever happens."""
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        hint = near_miss(arguments[0], COMMANDS)
        return _tell_usage(f"there is no command '{arguments[0]}'{hint}", as_json="--json" in arguments)
    try:
        return int(application(arguments)(args=list(arguments), prog_name="forebay", standalone_mode=False) or Exit.OK)
    except typer.Abort:
        return Exit.INTERRUPTED
    except typer.TyperException as error:
        _show_usage(error, as_json="--json" in arguments)
        return Exit.USAGE
    except BrokenPipeError:
        # The reader at the other end of stdout has enough: no news worth an exit code of its own, and no traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:  # noqa: BLE001 - this is where every exception ends
        _show(report(error), as_json="--json" in arguments)
        if os.environ.get("FOREBAY_DEBUG") == "1":
            traceback.print_exc()
        return report(error).exit_code


def application(arguments: Sequence[str]) -> typer.Typer:
    """Makes the commands known to Typer: the one that is called, so that only its module is loaded, or else all."""
    app = typer.Typer(
        name="forebay",
        help="Runs many Stripe queries, never more at once than Stripe allows, and lands every result whole.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # the other one takes [default: ./out] for markup, and drops it
        callback=_options,
        invoke_without_command=True,
    )
    completed = _being_completed()
    called = [name for name in completed or arguments[:1] if name in COMMANDS]
    for name in called or COMMANDS:
        panel, module = COMMANDS[name]
        if completed is not None and not called:
            app.command(name)(_unread)
            continue
        command = getattr(import_module(module), name.replace("-", "_"))
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            settings = PASSED_ON if name == "sandbox" else None
            app.command(name, rich_help_panel=panel, context_settings=settings)(ungrouped(command))
    return app


def _options(
    *,
    version: Annotated[bool, flag("--version", "Which Forebay this is, and what it would read.")] = False,
) -> None:
    """Takes the options that stand before any command."""
    if version:
        plain_text.say(*version_text().splitlines())
        raise typer.Exit(Exit.OK)


def _being_completed() -> list[str] | None:
    """Names the command whose options a shell asks for; empty while it asks for commands, None where no shell asks.

    A press of a key loads one module then, or none.
    """
    if "_FOREBAY_COMPLETE" not in os.environ:
        return None
    words = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return words.split()[1:2]


def _unread() -> None:
    """Stands for a command of which only the name is asked for."""


def _tell_usage(message: str, *, as_json: bool) -> Exit:
    way_out = "forebay --help lists commands and options"
    _show(ErrorReport(kind="usage", message=message, way_out=way_out, exit_code=Exit.USAGE), as_json=as_json)
    return Exit.USAGE


def _show_usage(error: typer.TyperException, *, as_json: bool) -> None:
    if as_json:
        _tell_usage(error.format_message(), as_json=True)
    else:
        if not error.format_message().isprintable():
            _tell_usage(error.format_message(), as_json=False)  # what was typed is shown as it is, and does nothing
            return
        from typer import rich_utils  # a tenth of a second, which only a mistyped command need pay

        rich_utils.rich_format_error(error)  # type: ignore[arg-type]  # wants the class that Typer keeps private


def _show(error_report: ErrorReport, *, as_json: bool) -> None:
    if as_json:
        events.error(error_report)
        return
    # Line breaks of ours are meant, and whatever else stands in an error may not pass for a line of its own.
    first, *rest = f"{error_report.kind}: {error_report.message}".splitlines()
    way_out = [f"  → {error_report.way_out}"] if error_report.way_out else []
    plain_text.remark(first, *(f"  {line}" for line in rest), *way_out)
