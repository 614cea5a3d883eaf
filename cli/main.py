"""The entry point: the commands, and the one place where an exception becomes a sentence and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from cli import events
from cli.backfill import backfill
from cli.beat import beat
from cli.cancel import cancel
from cli.change import change
from cli.demo import demo
from cli.doctor import doctor
from cli.exits import Exit, Problem, problem
from cli.extracts import extracts
from cli.init import init
from cli.lanes import lanes
from cli.ls import ls
from cli.pause import pause, resume
from cli.plan import plan
from cli.rebuild import rebuild
from cli.retry import retry
from cli.run import run
from cli.sandbox import sandbox
from cli.schema import schema
from cli.show import show
from cli.submit import submit
from cli.validate import validate
from cli.watch import watch
from cli.worker import worker

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
