"""What the source imports is what pyproject.toml asks for, by name: not what something else happens to bring along."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement

from tests.distribution.test_locks import OTEL, PARQUET, RUNS, SANDBOX, WEB, normal
from tests.source import CLIENT, FOLDERS, ROOT, modules

#: The lower halves of what is asked for: each is released with its upper one, which pins it and documents its use.
LOWER_HALVES = {"botocore": "boto3", "pydantic-core": "pydantic"}

#: Of the standard library, that of newer Pythons too.
STANDARD = {*sys.stdlib_module_names, "compression"}

#: A name that several distributions put modules into, each called by its module.
SHARED = "backports"


def imported(module: ast.Module) -> Iterator[str]:
    """Yields the top-level names of all imports, wherever they stand."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == SHARED:
            yield from (f"{SHARED}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def foreign(folder: str) -> set[str]:
    """The distributions that a folder's files import."""
    names = {name for path, module in modules().items() if path.startswith(folder) for name in imported(module)}
    # Types are for mypy, which runs in development alone.
    names = {name for name in names - STANDARD - {"forebay", "forebay_client"} if not name.startswith("types_")}
    known = packages_distributions()
    found = {normal(distribution) for name in names for distribution in known.get(name, [name])}
    return {LOWER_HALVES.get(name, name) for name in found}


def asked_for(lines: list[str]) -> set[str]:
    return {normal(Requirement(line).name) for line in lines}


def test_the_sandbox_imports_what_the_project_and_its_extra_ask_for() -> None:
    assert asked_for(SANDBOX) <= foreign("sandbox/") <= asked_for(RUNS + SANDBOX)


def test_what_serves_imports_what_the_project_and_its_extra_ask_for() -> None:
    assert asked_for(WEB) <= foreign("web/") <= asked_for(RUNS + WEB)


def test_what_writes_and_reads_parquet_alone_imports_what_its_extra_asks_for() -> None:
    asking = {path for path, module in modules().items() if "pyarrow" in imported(module)}
    assert asking == {
        "landing/parquet_rows.py",
        "landing/formats/parquet_columns.py",
        "landing/formats/parquet_file.py",
    }
    assert asked_for(PARQUET) == {"pyarrow"}


def test_the_client_imports_what_its_own_distribution_asks_for() -> None:
    asked = tomllib.loads((ROOT / "client/pyproject.toml").read_text("utf-8"))["project"]["dependencies"]

    assert foreign(f"{CLIENT}/") == asked_for(asked) == {"httpx"}
    assert set(asked) <= set(RUNS), "the wheel of forebay has the client too"


def test_what_traces_alone_imports_what_its_extra_asks_for() -> None:
    asking = {path for path, module in modules().items() if "opentelemetry" in imported(module)}
    assert asking == {"worker/tracing.py"}
    assert all(name.startswith("opentelemetry-") for name in asked_for(OTEL))


def test_everything_else_imports_what_the_project_asks_for_and_nothing_is_asked_for_in_vain() -> None:
    used = set().union(*(foreign(f"{folder}/") for folder in FOLDERS if folder not in ("sandbox", "web")))
    # What answers requests of the API does so for a client in its own process, too.
    used |= foreign("web/api/") - asked_for(WEB)

    # Several distributions put modules into `opentelemetry`.
    assert {name for name in used if not name.startswith("opentelemetry")} == asked_for(RUNS + PARQUET)
