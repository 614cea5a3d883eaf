"""The entry point: the commands, and the one place where an exception becomes a sentence and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from forebay.cli.commands.operating.doctor import doctor
from forebay.cli.commands.operating.rebuild import rebuild
from forebay.cli.commands.operating.serve_beat import beat
from forebay.cli.commands.operating.serve_worker import worker
from forebay.cli.commands.running.ls import ls
from forebay.cli.commands.running.run import run
from forebay.cli.commands.running.show import show
from forebay.cli.commands.running.submit import submit
from forebay.cli.commands.running.watch import watch
from forebay.cli.commands.spec_file.backfill import backfill
from forebay.cli.commands.spec_file.extracts import extracts
from forebay.cli.commands.spec_file.init import init
from forebay.cli.commands.spec_file.plan import plan
from forebay.cli.commands.spec_file.schema import schema
from forebay.cli.commands.spec_file.validate import validate
from forebay.cli.commands.steering.cancel import cancel
from forebay.cli.commands.steering.change import change
from forebay.cli.commands.steering.lanes import lanes
from forebay.cli.commands.steering.pause import pause, resume
from forebay.cli.commands.steering.retry import retry
from forebay.cli.commands.trying.demo import demo
from forebay.cli.commands.trying.sandbox import sandbox
from forebay.cli.exits import Exit, Problem, problem
from forebay.cli.output import events
from forebay.cli.version import version as version_text

app = typer.Typer(
    name="forebay",
    help="Runs many Stripe queries, never more at once than Stripe allows, and lands every result whole.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run,
    submit,
    plan,
    watch,
    ls,
    show,
    retry,
    cancel,
    change,
    pause,
    resume,
    rebuild,
    extracts,
    backfill,
    doctor,
    worker,
    beat,
    demo,
    init,
    validate,
):
    app.command()(command)
app.add_typer(lanes, name="lanes")
app.add_typer(schema, name="schema")
# Everything behind the name belongs to the sandbox, --help too.
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})(
    sandbox
)


@app.callback(invoke_without_command=True)
def options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Which Forebay this is, and what it would read.")] = False,
) -> None:
    """Takes the options that stand before any command."""
    if version:
        typer.echo(version_text())
        raise typer.Exit(Exit.OK)


def main() -> None:
    """The `forebay` command."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code, whatever happens."""
    try:
        return int(app(args=list(arguments), prog_name="forebay", standalone_mode=False) or Exit.OK)
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
        _show(problem(error), as_json="--json" in arguments)
        if os.environ.get("FOREBAY_DEBUG") == "1":
            traceback.print_exc()
        return problem(error).exit_code


def _show_usage(error: typer.TyperException, *, as_json: bool) -> None:
    if as_json:
        way_out = "forebay --help lists commands and options"
        said = Problem(kind="usage", message=error.format_message(), way_out=way_out, exit_code=Exit.USAGE)
        events.error(said)
    else:
        from typer import rich_utils  # a tenth of a second, which only a mistyped command need pay

        rich_utils.rich_format_error(error)  # type: ignore[arg-type]  # wants the class that Typer keeps private


def _show(said: Problem, *, as_json: bool) -> None:
    if as_json:
        events.error(said)
        return
    way_out = f"\n  → {said.way_out}" if said.way_out else ""
    sys.stderr.write(f"{said.kind}: {said.message}{way_out}\n")
