"""Starts a command: the one place where all of them are named, and where an exception becomes a sentence and a code."""

import gc
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
from forebay.cli.output import plain_text
from forebay.config.near_miss import near_miss
from forebay.worker.logs import PrintableFormatter

#: The panels of `--help` in their order; in each its commands, with the module that has the function of that name, and
#: the line that tells of it. Its docstring begins so; the line stands here, too, so that `--help` loads no command.
PANELS = {
    "Run and follow": {
        "run": ("forebay.cli.commands.running.run", "Run queries, or a definition of the spec, and land the results."),
        "submit": ("forebay.cli.commands.running.submit", "Queue queries, or a definition of the spec, as a batch."),
        "watch": ("forebay.cli.commands.running.watch", "Follow a batch to its end."),
        "ls": ("forebay.cli.commands.running.ls", "List batches, newest first."),
        "show": ("forebay.cli.commands.running.show", "Show a batch's runs, or all that is known of one."),
    },
    "Results": {
        "refetch": (
            "forebay.cli.commands.results.refetch",
            "Fetch results again: in another format, or to another place.",
        ),
        "adopt": ("forebay.cli.commands.results.adopt", "Land QueryRuns that were started elsewhere."),
        "verify": ("forebay.cli.commands.results.verify", "Prove again that what landed is as it was."),
        "load-sql": ("forebay.cli.commands.results.load_sql", "Write the SQL that loads what landed."),
        "shadow": ("forebay.cli.commands.results.shadow", "Ask by both generations of Stripe's API, and compare."),
    },
    "Steer": {
        "retry": ("forebay.cli.commands.steering.retry", "Take up failed runs of a batch again."),
        "check": (
            "forebay.cli.commands.steering.check",
            "Check again what landed of a batch, by the checks of the spec now.",
        ),
        "release": ("forebay.cli.commands.steering.release", "Publish what is in quarantine as it is, after review."),
        "cancel": ("forebay.cli.commands.steering.cancel", "Stop a batch; what Stripe has started runs on there."),
        "change": ("forebay.cli.commands.steering.change", "Change a running batch's class, weight or ceiling."),
        "pause": ("forebay.cli.commands.steering.pause", "Pause a batch, a lane, a connection or an extract."),
        "resume": ("forebay.cli.commands.steering.pause", "Let a batch, a lane, a connection or an extract go on."),
        "lanes": ("forebay.cli.commands.steering.lanes", "Show the lanes, or set their limits while they are in use."),
    },
    "Spec": {
        "init": ("forebay.cli.commands.spec.init", "Write an example of a spec with its queries."),
        "validate": (
            "forebay.cli.commands.spec.validate",
            "Check the spec and its SQL, or files of queries; runs nothing.",
        ),
        "plan": (
            "forebay.cli.commands.spec.plan",
            "Show what definitions or queries come to, and spend nothing on it.",
        ),
        "compile": (
            "forebay.cli.commands.spec.compile",
            "Write the SQL of definitions as Stripe would get it; runs nothing.",
        ),
        "extracts": ("forebay.cli.commands.spec.extracts", "Show extracts and how their newest windows stand."),
        "backfill": ("forebay.cli.commands.spec.backfill", "Fill the gaps of an extract's past."),
        "schema": ("forebay.cli.commands.spec.schema", "Fetch the names of tables and columns, or list them."),
    },
    "Operate": {
        "worker": ("forebay.cli.commands.operating.serve_worker", "Run a worker of a deployment, until it is stopped."),
        "beat": (
            "forebay.cli.commands.operating.serve_beat",
            "Run the spec's extracts by their schedules, until it is stopped.",
        ),
        "web": (
            "forebay.cli.commands.operating.serve_web",
            "Serve the page and the HTTP API, until it is stopped.",
        ),
        "metrics": (
            "forebay.cli.commands.operating.metrics",
            "Print metrics for Prometheus, or serve them.",
        ),
        "listen": (
            "forebay.cli.commands.operating.listen",
            "Hear of QueryRuns through an SQS queue, until it is stopped.",
        ),
        "costs": (
            "forebay.cli.commands.operating.costs",
            "Show what was spent, and its cost where the spec has prices.",
        ),
        "doctor": ("forebay.cli.commands.operating.doctor", "Check key, Redis, ledger, destination and workers."),
        "rebuild": ("forebay.cli.commands.operating.rebuild", "Bring back into Redis what it has lost of the ledger."),
        "prune": ("forebay.cli.commands.operating.prune", "Remove old, settled batches from the ledger."),
    },
    "Try": {
        "demo": ("forebay.cli.commands.trying.demo", "Run the examples against a local Stripe."),
        "sandbox": ("forebay.cli.commands.trying.sandbox", "Run a local Stripe to try everything on."),
    },
}
COMMANDS = {name: (panel, *told) for panel, commands in PANELS.items() for name, told in commands.items()}
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
        command = application(arguments)
        gc.enable()
        return int(command(args=list(arguments), prog_name="forebay", standalone_mode=False) or Exit.OK)
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
    """Makes the commands known to Typer: the one that is called, or else all.

    The module of one that is not named in `arguments` is not loaded: its line is all that can be asked for.
    """
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
    typed = _typed_before_completion() or arguments
    for name in typed[:1] if typed and typed[0] in COMMANDS else COMMANDS:
        panel, module, line = COMMANDS[name]
        if name not in typed:
            app.command(name, rich_help_panel=panel, help=line)(_unread)
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
        from forebay.cli.version import version as version_text  # it looks at settings, which no other option does

        plain_text.say(*version_text().splitlines())
        raise typer.Exit(Exit.OK)


def _typed_before_completion() -> list[str]:
    """Names the command whose options a shell asks for; nothing while it asks for commands, or where no shell asks."""
    if "_FOREBAY_COMPLETE" not in os.environ:
        return []
    words = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return words.split()[1:2]


def _unread() -> None:
    """Stands for a command that is only listed."""


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
        plain_text.write_json({"error": error_report.as_json()})
        return
    # Line breaks of ours are meant, and whatever else stands in an error may not pass for a line of its own.
    first, *rest = f"{error_report.kind}: {error_report.message}".splitlines()
    way_out = [f"  → {error_report.way_out}"] if error_report.way_out else []
    plain_text.remark(first, *(f"  {line}" for line in rest), *way_out)
