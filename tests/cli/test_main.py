"""The commands: all are there, in their panels, and only the one that is called is loaded."""

import gc
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from forebay.cli import commands
from forebay.cli.exits import Exit
from forebay.cli.main import COMMANDS, PANELS, invoke
from tests.cli.conftest import Forebay
from tests.cli.loaded_modules import loaded_by

MODULES = {module for _, module, _ in COMMANDS.values()}


def test_help_has_all_commands_in_their_panels_and_in_their_order(forebay: Forebay) -> None:
    said = forebay("--help")

    assert said.code == 0
    panels = re.findall(r"^╭─ ([\w ]+) ─+╮$\n(.*?)^╰", said.out, re.MULTILINE | re.DOTALL)
    shown = {title: re.findall(r"^│ ([a-z-]+)  ", lines, re.MULTILINE) for title, lines in panels[1:]}
    assert list(shown) == list(PANELS)
    assert shown == {title: list(modules) for title, modules in PANELS.items()}


@pytest.mark.parametrize("columns", [80, 160])
def test_help_tells_of_each_command_what_it_says_of_itself(
    columns: int, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    told = forebay("--help")

    loaded = forebay("--help", *COMMANDS)  # a command that is named is loaded

    assert told.out.splitlines() == loaded.out.splitlines()


def test_a_command_is_found_behind_what_stands_before_any() -> None:
    assert loaded_by("--", "ls", "--help").said == loaded_by("ls", "--help").said


def test_without_a_command_it_is_help(forebay: Forebay) -> None:
    assert "Run and follow" in forebay().out


def test_each_command_is_told_in_one_line_of_eighty_columns(forebay: Forebay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    _, _, panels = forebay("--help").out.partition("─ Run and follow ─")
    lines = [line for line in panels.splitlines() if line.startswith("│ ")]

    assert [line.split()[1] for line in lines] == list(COMMANDS)


def test_help_says_what_is_taken_for_an_option_that_is_left_out(forebay: Forebay) -> None:
    assert "[default: ./out]" in forebay("run", "--help").out


def test_help_asks_for_no_value_where_none_is_taken(forebay: Forebay) -> None:
    for command in COMMANDS.keys() - {"sandbox"}:
        lines = [line for line in forebay(command, "--help").out.splitlines() if "--help" not in line]
        assert "<bool>" not in "".join(lines), command


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"sandbox"}))
def test_each_command_has_a_help_of_its_own(command: str, forebay: Forebay) -> None:
    said = forebay(command, "--help")

    assert said.code == 0
    assert f"Usage: forebay {command} " in said.out


def test_each_file_of_a_command_is_in_a_panel() -> None:
    (top,) = map(Path, commands.__path__)
    files = {".".join(path.relative_to(top).with_suffix("").parts) for path in top.rglob("[!_]*.py")}

    assert files == {module.removeprefix("forebay.cli.commands.") for _, module, _ in COMMANDS.values()}


def test_only_the_command_that_is_called_isloaded_by() -> None:
    program = (
        "import sys; from forebay.cli.main import invoke; invoke(['init', '--help']); "
        "print([name for name in sys.modules if name.startswith('forebay.cli.commands.') and name.count('.') == 4])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout.splitlines()[-1] == "['forebay.cli.commands.spec.init']"


#: What `--help` and a press of a key have no use for.
NEEDLESS = {
    "antlr4", "asyncio", "boto3", "botocore", "celery", "duckdb", "httpx", "kombu", "pydantic", "pydantic_core",
    "pydantic_settings", "redis", "sqlglot", "starlette", "trino_query_parser", "yaml",
}  # fmt: skip


def test_the_list_of_commands_loads_nothing_that_a_command_works_with() -> None:
    loaded = loaded_by("--help").modules

    assert (MODULES | NEEDLESS) & loaded == set()
    assert len(loaded) <= 400  # most of them Python's, Typer's and those that rich needs for Markdown


def test_the_command_line_itself_loads_little() -> None:
    program = "import sys; import forebay.cli.main; print(*sys.modules)"

    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.split())

    assert NEEDLESS & loaded == set()
    assert len(loaded) <= 260


#: What a command loads for its help beside what it works with: nothing that only some of its work needs.
HEAVY = {"antlr4", "boto3", "botocore", "celery", "duckdb", "httpx", "kombu", "pyarrow", "sqlglot", "starlette", "yaml"}
READING = ("ls", "show", "lanes", "verify", "costs", "load-sql", "cancel", "rebuild", "prune")
HAS_AN_EVENT_QUEUE = "listen"

_LOADED_BY_EACH = """
import json, os, sys
from forebay.cli.main import COMMANDS, invoke
found = {}
for name in COMMANDS.keys() - {"sandbox"}:
    ends = os.pipe()
    if not os.fork():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        invoke([name, "--help"])
        with os.fdopen(ends[1], "w") as told:
            json.dump(sorted(sys.modules), told)
            told.flush()
            os._exit(0)
    os.close(ends[1])
    with os.fdopen(ends[0]) as told:
        found[name] = json.load(told)
    os.wait()
print(json.dumps(found))
"""


def test_the_help_of_a_command_loads_no_more_than_it_did() -> None:
    said = subprocess.run([sys.executable, "-c", _LOADED_BY_EACH], capture_output=True, text=True, check=True)
    # redis-py loads OpenTelemetry where that is installed, which only who asks for traces has done.
    loaded = {
        name: {module for module in modules if not module.startswith("opentelemetry")}
        for name, modules in json.loads(said.stdout).items()
    }

    assert loaded.keys() == COMMANDS.keys() - {"sandbox"}
    assert {name: len(modules) for name, modules in loaded.items() if len(modules) > 1_000} == {}
    reading = {name: modules for name, modules in loaded.items() if name in READING}
    assert {name: len(modules) for name, modules in reading.items() if len(modules) > 800} == {}
    assert {name: HEAVY & modules for name, modules in reading.items() if HEAVY & modules} == {}
    spendthrifts = {name for name, modules in loaded.items() if {"boto3", "celery", "antlr4", "duckdb"} & modules}
    assert spendthrifts == {HAS_AN_EVENT_QUEUE}


def test_of_a_mistyped_command_it_is_said_without_loading_any() -> None:
    loaded = loaded_by("rnu")

    assert "there is no command 'rnu', did you mean 'run'?" in loaded.said
    assert (MODULES | NEEDLESS) & loaded.modules == set()


def test_nobody_loads_the_grammar_who_judges_no_sql() -> None:
    """It takes a moment, which no worker, no beat and no `--help` should spend."""
    modules = [
        "forebay.worker.bootsteps",
        "forebay.worker.steps.carry_out",
        "forebay.scheduler.beat",
        *(module for _, module, _ in COMMANDS.values()),
    ]
    program = (
        f"import sys; import {', '.join(modules)}; print(sorted({{'antlr4', 'trino_query_parser'}} & {{*sys.modules}}))"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout.splitlines()[-1] == "[]"


def test_of_a_mistyped_command_it_is_said_which_was_probably_meant(forebay: Forebay) -> None:
    said = forebay("wach", "some-batch")

    assert said.code == 2
    assert "there is no command 'wach', did you mean 'watch'?" in said.err


def test_help_has_a_short_form_everywhere(forebay: Forebay) -> None:
    assert forebay("-h").out == forebay("--help").out
    for command in ("run", "lanes", "schema"):
        assert (short := forebay(command, "-h")).out == forebay(command, "--help").out
        assert short.code == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("forebay re", ["rebuild", "refetch", "release", "resume", "retry"]), ("forebay run --ce", ["--ceiling"])],
)
def test_a_shell_completes_commands_and_options_and_loads_no_more_than_it_needs(typed: str, offered: list[str]) -> None:
    program = (
        "import atexit, sys; from forebay.cli.main import invoke; "
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); invoke([])"
    )
    environment = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_FOREBAY_COMPLETE": "complete_bash"}

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **environment}
    )

    assert sorted(said.stdout.split()) == offered
    loaded = set(said.stderr.split())
    assert loaded & MODULES == ({"forebay.cli.commands.running.run"} if "run" in typed else set())
    assert "run" in typed or NEEDLESS & loaded <= {"pydantic", "pydantic_core"}  # Typer's, for options before a command


def test_what_a_command_works_with_is_collected_again_once_it_is_loaded() -> None:
    gc.disable()
    try:
        assert invoke(["--version"]) == Exit.OK
        assert gc.isenabled()
    finally:
        gc.enable()
