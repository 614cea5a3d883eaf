"""What import-linter cannot see of the house (docs/architecture.md §4): who reads settings, imports by string."""

import ast
import re
import sys
from collections.abc import Iterator

import pytest

from tests.source import CLIENT, FOLDERS, INTEGRATIONS, modules

#: Benches are commands of their own.
SOURCE = {path: module for path, module in modules().items() if not path.startswith("bench/")}
#: The sandbox is a program of its own; the client, and what is ours for orchestrators, are distributions of their own.
PRODUCT = {path: module for path, module in SOURCE.items() if not path.startswith(("sandbox/", CLIENT, *INTEGRATIONS))}

#: Composition roots: settings in, a runtime out. All of the command line is one.
ROOTS = ("cli/", "scheduler/beat.py", "worker/app.py")
#: `secret://env/NAME` is a reference to be followed when a secret is needed, which is what this file does.
FOLLOWS_REFERENCES = "config/secrets.py"
ENVIRONMENT = {"Settings", "environ", "getenv", "getproxies", "dotenv_values", "load_dotenv", "read_dot_env"}
#: And these two are how settings are read.
READ_SETTINGS = {
    "config/settings.py": {"Settings", "read_dot_env"},
    "config/dot_env.py": {"dotenv_values"},
    "config/credentials.py": {"environ"},
}

#: What an orchestrator needs itself, so that what is ours for it may import it, too.
ORCHESTRATORS_BRING = {"airflow": {"attrs"}, "dagster": {"pydantic"}}

#: Where a string may name a module of ours, and which.
NAMED = {
    "cli/main.py": "forebay.cli.commands.",  # each loaded only when its command is called
    "cli/embedded/children.py": "forebay.cli.embedded.",  # processes: python -m
    "cli/commands/trying/sandbox.py": "forebay.sandbox",  # a process: python -m
    "cli/commands/spec/init.py": "forebay.cli",  # its files
    "governor/scripts.py": "forebay.governor",  # its files
}
OURS = re.compile(rf"forebay\.(?:{'|'.join(FOLDERS)})(?:\.\w+)*(?::\w+)?")
#: Celery's way to name one of its own bootsteps.
CELERYS = "celery.worker.components:Pool"
PATH_TO_A_NAME = re.compile(r"[a-z_]\w*(?:\.[a-z_]\w*)+:[A-Za-z_]\w*")
IMPORTERS = {"import_module", "__import__", "symbol_by_name", "find_spec", "resolve_name"}


@pytest.mark.parametrize("path", [path for path in PRODUCT if not path.startswith(ROOTS)])
def test_only_composition_roots_read_settings_or_the_environment(path: str) -> None:
    reads = {name for name in _used(PRODUCT[path]) if name in ENVIRONMENT}

    assert reads == ({"environ", "read_dot_env"} if path == FOLLOWS_REFERENCES else READ_SETTINGS.get(path, set()))


def test_each_composition_root_reads_its_settings() -> None:
    for root in ROOTS:
        assert any("Settings" in _used(module) for path, module in PRODUCT.items() if path.startswith(root)), root


def test_the_client_reads_the_environment_in_one_place() -> None:
    reads = [path for path, module in SOURCE.items() if path.startswith(CLIENT) and ENVIRONMENT & {*_used(module)}]

    assert reads == [f"{CLIENT}/server_address.py"]


@pytest.mark.parametrize("path", [path for path in SOURCE if path.startswith(INTEGRATIONS)])
def test_an_integration_knows_the_client_and_its_orchestrator_alone(path: str) -> None:
    _, orchestrator, package, *_ = path.split("/")
    known = {*sys.stdlib_module_names, orchestrator, package, "forebay_client", *ORCHESTRATORS_BRING[orchestrator]}

    assert {origin.partition(".")[0] for origin in _imported(SOURCE[path])} <= known
    assert ENVIRONMENT & {*_used(SOURCE[path])} == set()


def test_settings_come_from_one_class() -> None:
    assert [path for path, module in PRODUCT.items() if "BaseSettings" in _used(module)] == ["config/settings.py"]


@pytest.mark.parametrize("path", SOURCE)
def test_no_import_is_hidden_in_a_string(path: str) -> None:
    allowed = NAMED.get(path)
    strings = [text for text in _strings(SOURCE[path]) if OURS.fullmatch(text)]

    assert [text for text in strings if allowed is None or not text.startswith(allowed)] == []
    assert [text for text in _strings(SOURCE[path]) if PATH_TO_A_NAME.fullmatch(text) and text != CELERYS] == []


def test_each_place_that_may_name_a_module_does() -> None:
    for path, allowed in NAMED.items():
        assert any(text.startswith(allowed) for text in _strings(SOURCE[path])), path


def test_nobody_imports_what_is_computed() -> None:
    # The first loads a command when it is called; the others ask whether an extra is installed.
    assert [path for path, module in SOURCE.items() if IMPORTERS & set(_used(module))] == [
        "cli/main.py",
        "landing/parquet_extra.py",
        "sandbox/extra.py",
        "web/web_extra.py",
    ]


#: Where text becomes renderable, and is written.
WRITES = "cli/output/plain_text.py"
#: What would take text of others for markup, or write it as it is.
MAKES_RENDERABLE = {"rich.console.Console", "rich.table.Table", "rich.text.Text", "rich.markup.render", "rich.print"}
WRITES_RAW = {"typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write", "print", "sys.stdout", "sys.stderr"}


#: Write the schemas of spec and manifests into files, when these are built.
WRITE_SCHEMAS = (
    "config/document/json_schema.py",
    "landing/manifest_schema.py",
    "web/api/openapi_document.py",
)


@pytest.mark.parametrize("path", [path for path in PRODUCT if path not in (WRITES, *WRITE_SCHEMAS)])
def test_what_people_read_is_written_in_one_place_only(path: str) -> None:
    """Text of others is no markup, and nothing in it may steer a terminal: `cli/output/plain_text.py` sees to it."""
    assert [call for call in _calls(PRODUCT[path]) if call in MAKES_RENDERABLE | WRITES_RAW] == []


def test_that_place_does_both() -> None:
    calls = {*_calls(PRODUCT[WRITES])}

    assert {"rich.table.Table", "rich.text.Text.assemble"} <= calls


def _calls(module: ast.Module) -> Iterator[str]:
    """Yields by their full names what is called, what its methods are called on, and what else a call is handed."""
    origins = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            first, dot, rest = function.partition(".")
            named = origins.get(first, first) + dot + rest
            yield named
            yield from (known for known in MAKES_RENDERABLE if named.startswith(f"{known}."))
            yield from (text for word in node.keywords if (text := ast.unparse(word.value)) in WRITES_RAW)


def _used(module: ast.Module) -> Iterator[str]:
    """Yields the names that are read, called or imported; a type annotation counts as no use of `Settings`."""
    annotations = {
        id(inner)
        for node in ast.walk(module)
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(note, ast.AST)
        for inner in ast.walk(note)
    }
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if id(node) not in annotations:
                yield name
            case ast.ImportFrom(names=names, module=origin):
                yield from (alias.name for alias in names if origin != "forebay.config.settings")


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=origin):
                yield origin or ""


def _strings(module: ast.Module) -> Iterator[str]:
    return (node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str))
